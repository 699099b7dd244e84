package weather.analytics.kinesis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import software.amazon.awssdk.services.kinesis.model.AccessDeniedException;
import software.amazon.awssdk.services.kinesis.model.LimitExceededException;
import weather.analytics.local.Await;

/** Enumerator and readers together, over splits, merges, expiry, checkpoints and failures. */
class ReshardingTest {
  private final FakeKinesis kinesis = new FakeKinesis();
  private final FakeCluster cluster = new FakeCluster(kinesis);

  /** The records of each shard, and its parents. */
  private final Map<String, List<String>> put = new HashMap<>();

  private final Map<String, List<String>> parents = new HashMap<>();

  @AfterEach
  void stop() throws Exception {
    cluster.close();
  }

  private void put(String shardId) {
    List<String> texts = put.computeIfAbsent(shardId, id -> new ArrayList<>());
    texts.add(shardId + "#" + texts.size());
    kinesis.put(shardId, texts.get(texts.size() - 1));
  }

  private void awaitAll() throws Exception {
    List<String> expected = put.values().stream().flatMap(Collection::stream).toList();
    Await.until(
        "every record is read",
        () -> {
          cluster.discover();
          cluster.poll();
          return cluster.emitted().containsAll(expected);
        });
  }

  private void awaitFinished(String shardId) throws Exception {
    Await.until(
        shardId + " is finished",
        () -> {
          cluster.discover();
          cluster.poll();
          return cluster.ledger().finished().contains(shardId);
        });
  }

  private int[] shardsByReader() {
    return cluster.splits().stream().mapToInt(List::size).sorted().toArray();
  }

  @Test
  void spreadsShardsEvenly() throws Exception {
    IntStream.range(0, 7).forEach(n -> kinesis.add(null, null));
    cluster.start(3, null);
    cluster.discover();
    assertThat(shardsByReader()).containsExactly(2, 2, 3);

    FakeCluster.Checkpoint checkpoint = cluster.checkpoint();
    cluster.close();
    cluster.start(4, checkpoint);
    kinesis.add(null, null);
    cluster.discover();
    assertThat(shardsByReader()).as("what is restored counts").containsExactly(2, 2, 2, 2);
  }

  @Test
  void readsTheChildrenOfAShardThatExpiredUnread() throws Exception {
    String parent = kinesis.add(null, null);
    kinesis.put(parent, "lost");
    cluster.start(1, null);
    cluster.discover();
    FakeCluster.Checkpoint checkpoint = cluster.checkpoint();
    cluster.close();

    kinesis.split(parent);
    kinesis.open().forEach(this::put);
    kinesis.expire(parent);
    cluster.start(1, checkpoint);
    awaitAll();
    Await.until(
        "only the children are left",
        () -> {
          cluster.poll();
          cluster.discover();
          return cluster.ledger().assigned().equals(Set.copyOf(kinesis.open()));
        });
  }

  @Test
  void goesOnInTheMiddleOfASplitWhateverTheCheckpointSaw() throws Exception {
    String parent = kinesis.add(null, null);
    put(parent);
    cluster.start(2, null);
    awaitAll();
    kinesis.split(parent);
    // The reader knows its end, the enumerator's part of the checkpoint does not, nor will it.
    FakeCluster.Checkpoint[] checkpoint = new FakeCluster.Checkpoint[1];
    Await.until(
        "a checkpoint has the end",
        () -> {
          checkpoint[0] = cluster.checkpoint();
          return checkpoint[0].splits().stream()
              .anyMatch(split -> new String(split).contains(ShardSplit.END));
        });
    assertThat(new ShardLedger.Serializer().deserialize(1, checkpoint[0].ledger()).finished())
        .isEmpty();
    cluster.close();

    kinesis.open().forEach(this::put);
    cluster.start(2, checkpoint[0]);
    awaitAll();
  }

  @Test
  void forgetsFinishedShardsOnceACheckpointHasThem() throws Exception {
    String parent = kinesis.add(null, null);
    cluster.start(1, null);
    cluster.discover();
    kinesis.split(parent);
    awaitFinished(parent);
    assertThat(cluster.splits().get(0)).contains(new ShardSplit(parent, ShardSplit.END));

    cluster.complete(cluster.checkpoint());
    cluster.deliver();
    assertThat(cluster.splits().get(0)).hasSize(2).noneMatch(ShardSplit::isFinished);
    assertThat(cluster.ledger().finished()).containsExactly(parent);

    kinesis.expire(parent);
    cluster.discover();
    assertThat(cluster.ledger().finished()).isEmpty();
    assertThat(cluster.ledger().assigned()).containsExactlyInAnyOrderElementsOf(kinesis.open());
  }

  @Test
  void failsAfterMinutesWhenItMayNotListTheShards() throws Exception {
    cluster.start(1, null);
    kinesis.fail(LimitExceededException.builder().message("Too many calls").build());
    IntStream.range(0, 1000).forEach(n -> cluster.discover());

    kinesis.fail(AccessDeniedException.builder().message("not allowed").build());
    assertThatThrownBy(() -> IntStream.range(0, 1000).forEach(n -> cluster.discover()))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining("Cannot list the shards");
  }

  @Test
  void failsWhenThereIsNoStream() throws Exception {
    cluster.start(1, null);
    kinesis.delete();
    assertThatThrownBy(cluster::discover)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("There is no stream " + FakeKinesis.ARN);
  }

  static IntStream seeds() {
    return IntStream.range(0, 15);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void losesNothingAndReadsParentsFirst(int seed) throws Exception {
    Random random = new Random(seed);
    kinesis.add(null, null);
    kinesis.add(null, null);
    cluster.start(2, null);
    FakeCluster.Checkpoint completed = null;
    for (int step = 0; step < 60; step++) {
      switch (random.nextInt(8)) {
        case 0 -> reshard(random);
        case 1 -> expireOne();
        case 2 -> cluster.discover();
        case 3 -> cluster.deliver();
        case 4 -> kinesis.expireIterators();
        case 5 -> {
          FakeCluster.Checkpoint checkpoint = cluster.checkpoint();
          if (random.nextBoolean()) {
            cluster.complete(checkpoint);
            completed = checkpoint;
          }
        }
        case 6 -> {
          if (random.nextInt(3) == 0) {
            cluster.close();
            cluster.start(1 + random.nextInt(3), completed);
          }
        }
        default -> {
          kinesis.open().forEach(this::put);
          Thread.sleep(1);
        }
      }
      cluster.poll();
    }
    awaitAll();
    assertParentsCameFirst();
    assertNothingIsKept();
  }

  private void reshard(Random random) {
    List<String> open = kinesis.open();
    String shard = open.get(random.nextInt(open.size()));
    String other = open.get(random.nextInt(open.size()));
    if (shard.equals(other)) {
      kinesis.split(shard);
    } else {
      kinesis.merge(shard, other);
    }
    kinesis.open().stream()
        .filter(child -> !open.contains(child))
        .forEach(
            child ->
                parents.put(child, shard.equals(other) ? List.of(shard) : List.of(shard, other)));
  }

  /** A closed one that was read: at some time, and not necessarily before the last checkpoint. */
  private void expireOne() {
    List<String> open = kinesis.open();
    put.entrySet().stream()
        .filter(entry -> !open.contains(entry.getKey()))
        .filter(entry -> cluster.emitted().containsAll(entry.getValue()))
        .map(Map.Entry::getKey)
        .findFirst()
        .ifPresent(kinesis::expire);
  }

  private void assertParentsCameFirst() {
    List<String> order = List.copyOf(cluster.emitted());
    parents.forEach(
        (child, itsParents) ->
            itsParents.forEach(
                parent -> {
                  int lastOfParent = order.indexOf(lastOf(parent));
                  int firstOfChild = order.indexOf(child + "#0");
                  assertThat(firstOfChild == -1 || lastOfParent < firstOfChild)
                      .as(child + " after " + parent)
                      .isTrue();
                }));
  }

  private String lastOf(String shardId) {
    List<String> texts = put.getOrDefault(shardId, List.of(""));
    return texts.get(texts.size() - 1);
  }

  private void assertNothingIsKept() throws Exception {
    Await.until(
        "only open shards are in the state",
        () -> {
          cluster.discover();
          cluster.poll();
          cluster.complete(cluster.checkpoint());
          cluster.deliver();
          return cluster.ledger().assigned().equals(Set.copyOf(kinesis.open()))
              && cluster.splits().stream().flatMap(List::stream).noneMatch(ShardSplit::isFinished);
        });
  }
}
