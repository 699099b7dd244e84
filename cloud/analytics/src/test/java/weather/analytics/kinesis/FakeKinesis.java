package weather.analytics.kinesis;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.DescribeStreamSummaryRequest;
import software.amazon.awssdk.services.kinesis.model.DescribeStreamSummaryResponse;
import software.amazon.awssdk.services.kinesis.model.ExpiredIteratorException;
import software.amazon.awssdk.services.kinesis.model.GetRecordsRequest;
import software.amazon.awssdk.services.kinesis.model.GetRecordsResponse;
import software.amazon.awssdk.services.kinesis.model.GetShardIteratorRequest;
import software.amazon.awssdk.services.kinesis.model.GetShardIteratorResponse;
import software.amazon.awssdk.services.kinesis.model.ListShardsRequest;
import software.amazon.awssdk.services.kinesis.model.ListShardsResponse;
import software.amazon.awssdk.services.kinesis.model.Record;
import software.amazon.awssdk.services.kinesis.model.ResourceNotFoundException;
import software.amazon.awssdk.services.kinesis.model.Shard;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;

/**
 * A stream in memory that can do what no emulator does: let shards, iterators and itself expire,
 * and fail. GetRecords answers two records, ListShards three shards.
 */
final class FakeKinesis implements KinesisClient {
  static final String ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/readings";
  private static final int PAGE_RECORDS = 2;
  private static final int PAGE_SHARDS = 3;

  private final Map<String, FakeShard> shards = new LinkedHashMap<>();
  private int made;
  private int sequence;
  private int iteratorAge;
  private boolean deleted;
  private SdkException failure;

  private static final class FakeShard {
    final Shard shard;
    final List<Record> records = new ArrayList<>();
    boolean closed;

    FakeShard(Shard shard) {
      this.shard = shard;
    }
  }

  synchronized String add(String parent, String adjacentParent) {
    String shardId = "shardId-%012d".formatted(made++);
    shards.put(
        shardId,
        new FakeShard(
            Shard.builder()
                .shardId(shardId)
                .parentShardId(parent)
                .adjacentParentShardId(adjacentParent)
                .build()));
    return shardId;
  }

  synchronized void split(String parent) {
    shards.get(parent).closed = true;
    add(parent, null);
    add(parent, null);
  }

  synchronized void merge(String one, String other) {
    shards.get(one).closed = true;
    shards.get(other).closed = true;
    add(one, other);
  }

  synchronized List<String> open() {
    return shards.values().stream().filter(s -> !s.closed).map(s -> s.shard.shardId()).toList();
  }

  synchronized void put(String shardId, String text) {
    shards
        .get(shardId)
        .records
        .add(
            Record.builder()
                .sequenceNumber("%09d".formatted(++sequence))
                .data(SdkBytes.fromUtf8String(text))
                .build());
  }

  /** Retention passes: a closed shard and its records are gone. */
  synchronized void expire(String shardId) {
    shards.remove(shardId);
  }

  synchronized void expireIterators() {
    iteratorAge++;
  }

  synchronized void delete() {
    deleted = true;
  }

  /**
   * @param failure of every call; {@code null} for none
   */
  synchronized void fail(SdkException failure) {
    this.failure = failure;
  }

  private FakeShard find(String shardId) {
    if (failure != null) {
      throw failure;
    }
    if (deleted || shardId != null && !shards.containsKey(shardId)) {
      throw ResourceNotFoundException.builder().message("There is no " + shardId).build();
    }
    return shards.get(shardId);
  }

  @Override
  public synchronized ListShardsResponse listShards(ListShardsRequest request) {
    find(null);
    int from = request.nextToken() == null ? 0 : Integer.parseInt(request.nextToken());
    List<Shard> listed =
        shards.values().stream().map(s -> s.shard).skip(from).limit(PAGE_SHARDS).toList();
    int next = from + listed.size();
    return ListShardsResponse.builder()
        .shards(listed)
        .nextToken(next < shards.size() ? String.valueOf(next) : null)
        .build();
  }

  @Override
  public synchronized DescribeStreamSummaryResponse describeStreamSummary(
      DescribeStreamSummaryRequest request) {
    find(null);
    return DescribeStreamSummaryResponse.builder().build();
  }

  @Override
  public synchronized GetShardIteratorResponse getShardIterator(GetShardIteratorRequest request) {
    FakeShard shard = find(request.shardId());
    boolean fromStart = request.shardIteratorType() == ShardIteratorType.TRIM_HORIZON;
    long before =
        fromStart
            ? 0
            : shard.records.stream()
                .filter(r -> r.sequenceNumber().compareTo(request.startingSequenceNumber()) <= 0)
                .count();
    return GetShardIteratorResponse.builder()
        .shardIterator(iterator(request.shardId(), (int) before))
        .build();
  }

  private String iterator(String shardId, int from) {
    return shardId + "/" + from + "/" + iteratorAge;
  }

  @Override
  public synchronized GetRecordsResponse getRecords(GetRecordsRequest request) {
    String[] iterator = request.shardIterator().split("/");
    FakeShard shard = find(iterator[0]);
    if (Integer.parseInt(iterator[2]) < iteratorAge) {
      throw ExpiredIteratorException.builder().message("Iterator expired").build();
    }
    int from = Integer.parseInt(iterator[1]);
    List<Record> records = shard.records.stream().skip(from).limit(PAGE_RECORDS).toList();
    int next = from + records.size();
    boolean ended = shard.closed && next == shard.records.size();
    return GetRecordsResponse.builder()
        .records(records)
        .millisBehindLatest(1000L * (shard.records.size() - next))
        .nextShardIterator(ended ? null : iterator(iterator[0], next))
        .build();
  }

  @Override
  public String serviceName() {
    return "kinesis";
  }

  @Override
  public void close() {}
}
