package weather.analytics.kinesis;

import java.util.Set;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/**
 * A Kinesis stream's records from its oldest on, by polling, each shard in its order; the position
 * is part of Flink's checkpoints.
 *
 * <p>A small source of our own: Flink's AWS connectors for Flink 2 (flink-connector-aws 6.x) are
 * not to be had where this project is built and tested, and what cannot be tested is not deployed.
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
    return new ShardReader(() -> new ShardFetcher(connection.open(), streamArn), context);
  }

  @Override
  public SplitEnumerator<ShardSplit, ShardLedger> createEnumerator(
      SplitEnumeratorContext<ShardSplit> context) {
    return restoreEnumerator(context, new ShardLedger(Set.of(), Set.of()));
  }

  @Override
  public SplitEnumerator<ShardSplit, ShardLedger> restoreEnumerator(
      SplitEnumeratorContext<ShardSplit> context, ShardLedger ledger) {
    return new ShardEnumerator(context, connection.open(), streamArn, ledger);
  }

  @Override
  public SimpleVersionedSerializer<ShardSplit> getSplitSerializer() {
    return new ShardSplitSerializer();
  }

  @Override
  public SimpleVersionedSerializer<ShardLedger> getEnumeratorCheckpointSerializer() {
    return new ShardLedgerSerializer();
  }
}
