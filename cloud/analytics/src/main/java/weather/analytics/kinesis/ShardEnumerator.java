package weather.analytics.kinesis;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.apache.flink.api.connector.source.SourceEvent;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.ListShardsRequest;
import software.amazon.awssdk.services.kinesis.model.ListShardsResponse;
import software.amazon.awssdk.services.kinesis.model.ResourceNotFoundException;
import software.amazon.awssdk.services.kinesis.model.Shard;

/**
 * Finds the stream's shards, also those that resharding brings, and shares them among the readers:
 * each goes to the reader that has the fewest. A shard waits until its parents are read to their
 * ends, so that a station's readings keep their order.
 *
 * <p>Kinesis lists a closed shard until its last record expires, so a finished shard is remembered
 * that long. Its reader remembers it until a checkpoint of the enumerator is complete that does:
 * the event by which the enumerator learns of it may be lost between two checkpoints.
 */
final class ShardEnumerator implements SplitEnumerator<ShardSplit, ShardLedger> {
  private static final Duration DISCOVERY = Duration.ofSeconds(10);

  /** After a restart, until the reader registers. */
  private static final int UNKNOWN_READER = -1;

  private final SplitEnumeratorContext<ShardSplit> context;
  private final KinesisClient kinesis;
  private final String streamArn;
  private final Outage outage;

  /** The shards that are being read, and by which reader. */
  private final Map<String, Integer> readers = new HashMap<>();

  private final Set<String> finished;

  /** The finished shards that a reader keeps in its state, and which reader. */
  private final Map<String, Integer> kept = new HashMap<>();

  /** {@link #kept} in each checkpoint that is not complete. */
  private final NavigableMap<Long, Map<String, Integer>> keptAtCheckpoint = new TreeMap<>();

  private Map<String, Shard> listed = Map.of();

  ShardEnumerator(
      SplitEnumeratorContext<ShardSplit> context,
      KinesisClient kinesis,
      String streamArn,
      ShardLedger ledger,
      LongSupplier nanoTime) {
    this.context = context;
    this.kinesis = kinesis;
    this.streamArn = streamArn;
    this.outage = new Outage("list the shards of " + streamArn, nanoTime);
    this.finished = new HashSet<>(ledger.finished());
    ledger.assigned().stream()
        .filter(shardId -> !finished.contains(shardId))
        .forEach(shardId -> readers.put(shardId, UNKNOWN_READER));
  }

  @Override
  public void start() {
    context.callAsync(this::listShards, this::take, 0, DISCOVERY.toMillis());
  }

  private Map<String, Shard> listShards() {
    Map<String, Shard> shards = new HashMap<>();
    ListShardsRequest request = ListShardsRequest.builder().streamARN(streamArn).build();
    while (true) {
      ListShardsResponse page = kinesis.listShards(request);
      page.shards().forEach(shard -> shards.put(shard.shardId(), shard));
      if (page.nextToken() == null) {
        return shards;
      }
      request = ListShardsRequest.builder().nextToken(page.nextToken()).build();
    }
  }

  private void take(Map<String, Shard> shards, Throwable error) {
    if (error instanceof ResourceNotFoundException) {
      throw new IllegalStateException("There is no stream " + streamArn, error);
    }
    if (error instanceof SdkException failure) {
      try {
        outage.add(failure);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return;
    }
    if (error != null) {
      throw new IllegalStateException("Cannot list the shards of " + streamArn, error);
    }
    outage.end();
    listed = shards;
    finished.retainAll(listed.keySet());
    assignReady();
  }

  /** Waits for all readers: each says first what it holds from the last checkpoint. */
  private void assignReady() {
    if (context.registeredReaders().size() < context.currentParallelism()) {
      return;
    }
    listed.values().stream()
        .filter(shard -> !readers.containsKey(shard.shardId()))
        .filter(shard -> !finished.contains(shard.shardId()))
        .filter(shard -> parents(shard).noneMatch(this::isUnread))
        .map(Shard::shardId)
        .sorted()
        .forEach(this::assign);
  }

  private void assign(String shardId) {
    int reader =
        context.registeredReaders().keySet().stream()
            .min(Comparator.comparingLong(this::load).thenComparing(Comparator.naturalOrder()))
            .orElseThrow();
    readers.put(shardId, reader);
    context.assignSplit(new ShardSplit(shardId, ShardSplit.START), reader);
  }

  private long load(int reader) {
    return readers.values().stream().filter(other -> other == reader).count();
  }

  private static Stream<String> parents(Shard shard) {
    return Stream.of(shard.parentShardId(), shard.adjacentParentShardId())
        .filter(parent -> parent != null);
  }

  /** A parent that is not listed any more has no records left. */
  private boolean isUnread(String parent) {
    return listed.containsKey(parent) && !finished.contains(parent);
  }

  @Override
  public void handleSourceEvent(int reader, SourceEvent event) {
    if (event instanceof ShardEvent.Held held) {
      held.shardIds().forEach(shardId -> hold(shardId, reader));
    } else if (event instanceof ShardEvent.Finished end) {
      finish(end.shardId(), reader);
    }
  }

  /** A reader that went back to a checkpoint may read a shard again that was finished since. */
  private void hold(String shardId, int reader) {
    finished.remove(shardId);
    kept.remove(shardId);
    readers.put(shardId, reader);
  }

  private void finish(String shardId, int reader) {
    readers.remove(shardId);
    finished.add(shardId);
    kept.put(shardId, reader);
    assignReady();
  }

  @Override
  public void handleSplitRequest(int reader, String host) {
    // Shards are pushed to the readers.
  }

  /** What a reader got since the last checkpoint, and has lost; it is found and assigned again. */
  @Override
  public void addSplitsBack(List<ShardSplit> splits, int reader) {
    for (ShardSplit split : splits) {
      readers.remove(split.shardId());
      finished.remove(split.shardId());
    }
    assignReady();
  }

  @Override
  public void addReader(int reader) {
    assignReady();
  }

  @Override
  public ShardLedger snapshotState(long checkpointId) {
    keptAtCheckpoint.put(checkpointId, Map.copyOf(kept));
    return new ShardLedger(Set.copyOf(readers.keySet()), Set.copyOf(finished));
  }

  @Override
  public void notifyCheckpointComplete(long checkpointId) {
    Map<String, Integer> certain = keptAtCheckpoint.getOrDefault(checkpointId, Map.of());
    keptAtCheckpoint.headMap(checkpointId, true).clear();
    certain.forEach(
        (shardId, reader) -> {
          if (context.registeredReaders().containsKey(reader) && kept.remove(shardId, reader)) {
            context.sendEventToSourceReader(reader, new ShardEvent.Forgotten(shardId));
          }
        });
  }

  @Override
  public void close() {
    kinesis.close();
  }
}
