package weather.analytics.kinesis;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.flink.api.connector.source.SourceEvent;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.ListShardsRequest;
import software.amazon.awssdk.services.kinesis.model.ListShardsResponse;
import software.amazon.awssdk.services.kinesis.model.ResourceNotFoundException;
import software.amazon.awssdk.services.kinesis.model.Shard;

/**
 * Finds the stream's shards, also those that resharding brings, and shares them among the readers.
 * A shard waits until its parents are read to their ends, so that a station's readings keep their
 * order.
 */
final class ShardEnumerator implements SplitEnumerator<ShardSplit, ShardLedger> {
  private static final Logger LOG = LoggerFactory.getLogger(ShardEnumerator.class);
  private static final Duration DISCOVERY = Duration.ofSeconds(10);

  private final SplitEnumeratorContext<ShardSplit> context;
  private final KinesisClient kinesis;
  private final String streamArn;
  private final Set<String> assigned;
  private final Set<String> finished;
  private final List<ShardSplit> unassigned = new ArrayList<>();
  private Map<String, Shard> listed = Map.of();
  private boolean listingFails;

  ShardEnumerator(
      SplitEnumeratorContext<ShardSplit> context,
      KinesisClient kinesis,
      String streamArn,
      ShardLedger ledger) {
    this.context = context;
    this.kinesis = kinesis;
    this.streamArn = streamArn;
    this.assigned = new HashSet<>(ledger.assigned());
    this.finished = new HashSet<>(ledger.finished());
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
    if (error != null) {
      if (!listingFails) {
        LOG.warn("Cannot list the shards of {}, trying again: {}", streamArn, error.getMessage());
      }
      listingFails = true;
      return;
    }
    listingFails = false;
    listed = shards;
    assignReady();
  }

  private void assignReady() {
    listed.values().stream()
        .filter(shard -> !assigned.contains(shard.shardId()))
        .filter(shard -> parents(shard).noneMatch(isUnread()))
        .forEach(
            shard -> {
              assigned.add(shard.shardId());
              unassigned.add(new ShardSplit(shard.shardId(), ShardSplit.START));
            });
    for (ShardSplit split : List.copyOf(unassigned)) {
      int reader = Math.floorMod(split.shardId().hashCode(), context.currentParallelism());
      if (context.registeredReaders().containsKey(reader)) {
        context.assignSplit(split, reader);
        unassigned.remove(split);
      }
    }
  }

  private static Stream<String> parents(Shard shard) {
    return Stream.of(shard.parentShardId(), shard.adjacentParentShardId())
        .filter(parent -> parent != null);
  }

  /** A parent that is not listed any more has no records left. */
  private Predicate<String> isUnread() {
    return parent -> listed.containsKey(parent) && !finished.contains(parent);
  }

  @Override
  public void handleSourceEvent(int reader, SourceEvent event) {
    if (event instanceof ShardFinished done && finished.add(done.shardId())) {
      assignReady();
    }
  }

  @Override
  public void handleSplitRequest(int reader, String host) {
    // Shards are pushed to the readers.
  }

  @Override
  public void addSplitsBack(List<ShardSplit> splits, int reader) {
    unassigned.addAll(splits);
    assignReady();
  }

  @Override
  public void addReader(int reader) {
    assignReady();
  }

  @Override
  public ShardLedger snapshotState(long checkpointId) {
    // What no reader has yet is found again: it is not in the ledger.
    Set<String> waiting = unassigned.stream().map(ShardSplit::shardId).collect(Collectors.toSet());
    Set<String> handedOver =
        assigned.stream().filter(id -> !waiting.contains(id)).collect(Collectors.toSet());
    return new ShardLedger(handedOver, Set.copyOf(finished));
  }

  @Override
  public void close() {
    kinesis.close();
  }
}
