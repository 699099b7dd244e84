package weather.analytics.kinesis;

import java.util.Set;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.metrics.Gauge;
import weather.analytics.Metrics;

/**
 * A Kinesis stream's records from its oldest on, by polling, each shard in its order; the position
 * is part of Flink's checkpoints. A source of our own: the README says why, and which other one the
 * job can be built with.
 */
public final class KinesisSource implements Source<byte[], ShardSplit, ShardLedger> {
  private final KinesisConnection connection;
  private final String streamArn;

  public KinesisSource(KinesisConnection connection, String streamArn) {
    this.connection = connection;
    this.streamArn = streamArn;
  }

  @Override
  public Boundedness getBoundedness() {
    return Boundedness.CONTINUOUS_UNBOUNDED;
  }

  @Override
  public SourceReader<byte[], ShardSplit> createReader(SourceReaderContext context) {
    ReadAge age = new ReadAge(System::nanoTime);
    Metrics.group(context.metricGroup()).gauge("millisBehindLatest", (Gauge<Long>) age::millis);
    return new ShardReader(
        () -> new ShardFetcher(connection.open(), streamArn, age, System::nanoTime), context);
  }

  @Override
  public SplitEnumerator<ShardSplit, ShardLedger> createEnumerator(
      SplitEnumeratorContext<ShardSplit> context) {
    return restoreEnumerator(context, new ShardLedger(Set.of(), Set.of()));
  }

  @Override
  public SplitEnumerator<ShardSplit, ShardLedger> restoreEnumerator(
      SplitEnumeratorContext<ShardSplit> context, ShardLedger ledger) {
    return new ShardEnumerator(context, connection.open(), streamArn, ledger, System::nanoTime);
  }

  @Override
  public SimpleVersionedSerializer<ShardSplit> getSplitSerializer() {
    return new ShardSplit.Serializer();
  }

  @Override
  public SimpleVersionedSerializer<ShardLedger> getEnumeratorCheckpointSerializer() {
    return new ShardLedger.Serializer();
  }
}
