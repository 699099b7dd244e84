package weather.analytics.kinesis;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.flink.api.connector.source.SourceEvent;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.connector.base.source.reader.SingleThreadMultiplexSourceReaderBase;
import org.apache.flink.connector.base.source.reader.splitreader.SplitReader;
import software.amazon.awssdk.services.kinesis.model.Record;

/**
 * Hands on the records of its shards. A shard that was read to its end stays in the reader's state
 * until the enumerator has it in a checkpoint of its own.
 */
final class ShardReader
    extends SingleThreadMultiplexSourceReaderBase<
        Record, byte[], ShardSplit, ShardReader.Progress> {
  private final Set<String> finished = new HashSet<>();

  /** How far a shard's records were handed on. */
  static final class Progress {
    private String position;

    Progress(String position) {
      this.position = position;
    }
  }

  ShardReader(Supplier<SplitReader<Record, ShardSplit>> fetchers, SourceReaderContext context) {
    super(
        fetchers,
        (record, output, progress) -> {
          output.collect(record.data().asByteArray());
          progress.position = record.sequenceNumber();
        },
        context.getConfiguration(),
        context);
  }

  @Override
  public void addSplits(List<ShardSplit> splits) {
    splits.stream().filter(ShardSplit::isFinished).forEach(split -> finish(split.shardId()));
    List<ShardSplit> open = splits.stream().filter(split -> !split.isFinished()).toList();
    if (!open.isEmpty()) {
      context.sendSourceEventToCoordinator(
          new ShardEvent.Held(open.stream().map(ShardSplit::shardId).collect(Collectors.toSet())));
      super.addSplits(open);
    }
  }

  @Override
  public List<ShardSplit> snapshotState(long checkpointId) {
    List<ShardSplit> splits = new ArrayList<>(super.snapshotState(checkpointId));
    finished.forEach(shardId -> splits.add(new ShardSplit(shardId, ShardSplit.END)));
    return splits;
  }

  @Override
  protected void onSplitFinished(Map<String, Progress> splits) {
    splits.keySet().forEach(this::finish);
  }

  private void finish(String shardId) {
    finished.add(shardId);
    context.sendSourceEventToCoordinator(new ShardEvent.Finished(shardId));
  }

  @Override
  public void handleSourceEvents(SourceEvent event) {
    if (event instanceof ShardEvent.Forgotten certain) {
      finished.remove(certain.shardId());
    }
  }

  @Override
  protected Progress initializedState(ShardSplit split) {
    return new Progress(split.position());
  }

  @Override
  protected ShardSplit toSplitType(String shardId, Progress progress) {
    return new ShardSplit(shardId, progress.position);
  }
}
