package weather.analytics.kinesis;

import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.apache.flink.connector.base.source.reader.RecordsBySplits;
import org.apache.flink.connector.base.source.reader.RecordsWithSplitIds;
import org.apache.flink.connector.base.source.reader.splitreader.SplitReader;
import org.apache.flink.connector.base.source.reader.splitreader.SplitsAddition;
import org.apache.flink.connector.base.source.reader.splitreader.SplitsChange;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.ExpiredIteratorException;
import software.amazon.awssdk.services.kinesis.model.GetRecordsResponse;
import software.amazon.awssdk.services.kinesis.model.Record;
import software.amazon.awssdk.services.kinesis.model.ResourceNotFoundException;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;

/** Polls the shards of one reader, each when it is due; runs in the reader's fetching thread. */
final class ShardFetcher implements SplitReader<Record, ShardSplit> {
  private static final Logger LOG = LoggerFactory.getLogger(ShardFetcher.class);

  /** GetRecords may be called five times a second on a shard. */
  private static final Duration POLL = Duration.ofMillis(250);

  private static final Duration BACKOFF = Duration.ofSeconds(2);
  private static final RecordsWithSplitIds<Record> NOTHING =
      new RecordsBySplits<>(Map.of(), Set.of());

  private final KinesisClient kinesis;
  private final String streamArn;
  private final ReadAge age;
  private final LongSupplier nanoTime;
  private final PriorityQueue<OpenShard> shards =
      new PriorityQueue<>((one, other) -> Long.signum(one.dueNanos - other.dueNanos));

  private static final class OpenShard {
    final String shardId;
    final Outage outage;
    String position;

    /** {@code null} when one must be got first. */
    String iterator;

    long dueNanos;

    OpenShard(ShardSplit split, LongSupplier nanoTime) {
      shardId = split.shardId();
      outage = new Outage("read " + shardId, nanoTime);
      position = split.position();
      dueNanos = nanoTime.getAsLong();
    }
  }

  ShardFetcher(KinesisClient kinesis, String streamArn, ReadAge age, LongSupplier nanoTime) {
    this.kinesis = kinesis;
    this.streamArn = streamArn;
    this.age = age;
    this.nanoTime = nanoTime;
  }

  @Override
  public void handleSplitsChanges(SplitsChange<ShardSplit> change) {
    if (!(change instanceof SplitsAddition)) {
      throw new UnsupportedOperationException("Shards only come: " + change);
    }
    for (ShardSplit split : change.splits()) {
      shards.add(new OpenShard(split, nanoTime));
      age.set(split.shardId(), 0);
    }
  }

  @Override
  public RecordsWithSplitIds<Record> fetch() throws IOException {
    OpenShard shard = shards.peek();
    if (shard == null || !waitUntil(shard.dueNanos)) {
      return NOTHING;
    }
    shards.remove();
    shard.dueNanos = nanoTime.getAsLong() + POLL.toNanos();
    RecordsWithSplitIds<Record> records = fetchFrom(shard);
    if (records.finishedSplits().isEmpty()) {
      shards.add(shard);
    } else {
      age.remove(shard.shardId);
    }
    return records;
  }

  private RecordsWithSplitIds<Record> fetchFrom(OpenShard shard) throws IOException {
    try {
      return read(shard);
    } catch (ExpiredIteratorException e) {
      shard.iterator = null;
      return NOTHING;
    } catch (SdkException e) {
      shard.outage.add(e);
      shard.dueNanos = nanoTime.getAsLong() + BACKOFF.toNanos();
      return NOTHING;
    }
  }

  private RecordsWithSplitIds<Record> read(OpenShard shard) throws IOException {
    GetRecordsResponse response;
    try {
      if (shard.iterator == null) {
        shard.iterator = iteratorAt(shard);
      }
      response =
          kinesis.getRecords(request -> request.shardIterator(shard.iterator).streamARN(streamArn));
    } catch (ResourceNotFoundException e) {
      requireStream();
      LOG.warn("{} expired before it was read to its end; its children follow.", shard.shardId);
      return new RecordsBySplits<>(Map.of(), Set.of(shard.shardId));
    }
    shard.outage.end();
    shard.iterator = response.nextShardIterator();
    Long behindMs = response.millisBehindLatest();
    age.set(shard.shardId, behindMs == null ? 0 : behindMs);
    return records(shard, response);
  }

  /** Kinesis answers alike for a shard and for a stream that are gone. */
  private void requireStream() throws IOException {
    try {
      kinesis.describeStreamSummary(request -> request.streamARN(streamArn));
    } catch (ResourceNotFoundException e) {
      throw new IOException("There is no stream " + streamArn, e);
    }
  }

  private String iteratorAt(OpenShard shard) {
    boolean fromStart = shard.position.equals(ShardSplit.START);
    return kinesis
        .getShardIterator(
            request ->
                request
                    .streamARN(streamArn)
                    .shardId(shard.shardId)
                    .shardIteratorType(
                        fromStart
                            ? ShardIteratorType.TRIM_HORIZON
                            : ShardIteratorType.AFTER_SEQUENCE_NUMBER)
                    .startingSequenceNumber(fromStart ? null : shard.position))
        .shardIterator();
  }

  private static RecordsWithSplitIds<Record> records(OpenShard shard, GetRecordsResponse response) {
    List<Record> records = response.records();
    if (!records.isEmpty()) {
      shard.position = records.get(records.size() - 1).sequenceNumber();
    }
    Map<String, Collection<Record>> byShard =
        records.isEmpty() ? Map.of() : Map.of(shard.shardId, records);
    boolean ended = response.nextShardIterator() == null;
    return new RecordsBySplits<>(byShard, ended ? Set.of(shard.shardId) : Set.of());
  }

  /** False when woken before. */
  private synchronized boolean waitUntil(long nanos) {
    long leftMs = TimeUnit.NANOSECONDS.toMillis(nanos - nanoTime.getAsLong());
    if (leftMs <= 0) {
      return true;
    }
    try {
      wait(leftMs);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return nanos - nanoTime.getAsLong() <= 0;
  }

  @Override
  public synchronized void wakeUp() {
    notifyAll();
  }

  @Override
  public void close() {
    kinesis.close();
  }
}
