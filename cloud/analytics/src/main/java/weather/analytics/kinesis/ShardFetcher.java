package weather.analytics.kinesis;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.flink.connector.base.source.reader.RecordsBySplits;
import org.apache.flink.connector.base.source.reader.RecordsWithSplitIds;
import org.apache.flink.connector.base.source.reader.splitreader.SplitReader;
import org.apache.flink.connector.base.source.reader.splitreader.SplitsAddition;
import org.apache.flink.connector.base.source.reader.splitreader.SplitsChange;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.ExpiredIteratorException;
import software.amazon.awssdk.services.kinesis.model.GetRecordsResponse;
import software.amazon.awssdk.services.kinesis.model.KinesisException;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;

/** Polls the shards of one reader in turn; runs in the reader's fetching thread. */
final class ShardFetcher implements SplitReader<ShardRecord, ShardSplit> {
  private static final Logger LOG = LoggerFactory.getLogger(ShardFetcher.class);

  /** GetRecords may be called five times a second on a shard. */
  private static final Duration POLL = Duration.ofMillis(250);

  private static final Duration BACKOFF = Duration.ofSeconds(2);
  private static final RecordsWithSplitIds<ShardRecord> NOTHING =
      new RecordsBySplits<>(Map.of(), Set.of());

  private final KinesisClient kinesis;
  private final String streamArn;
  private final Deque<OpenShard> shards = new ArrayDeque<>();
  private boolean failing;

  private static final class OpenShard {
    final String shardId;
    String position;

    /** {@code null} when one must be got first. */
    String iterator;

    long dueNanos = System.nanoTime();

    OpenShard(ShardSplit split) {
      shardId = split.shardId();
      position = split.position();
    }
  }

  ShardFetcher(KinesisClient kinesis, String streamArn) {
    this.kinesis = kinesis;
    this.streamArn = streamArn;
  }

  @Override
  public void handleSplitsChanges(SplitsChange<ShardSplit> change) {
    if (!(change instanceof SplitsAddition)) {
      throw new UnsupportedOperationException("Shards only come: " + change);
    }
    change.splits().forEach(split -> shards.addLast(new OpenShard(split)));
  }

  @Override
  public RecordsWithSplitIds<ShardRecord> fetch() throws IOException {
    OpenShard shard = shards.pollFirst();
    if (shard == null) {
      return NOTHING;
    }
    if (!waitUntil(shard.dueNanos)) {
      shards.addFirst(shard);
      return NOTHING;
    }
    RecordsWithSplitIds<ShardRecord> records = fetchFrom(shard);
    if (records.finishedSplits().isEmpty()) {
      shards.addLast(shard);
    }
    return records;
  }

  private RecordsWithSplitIds<ShardRecord> fetchFrom(OpenShard shard) throws IOException {
    shard.dueNanos = System.nanoTime() + POLL.toNanos();
    try {
      if (shard.iterator == null) {
        shard.iterator = iteratorAt(shard);
      }
      GetRecordsResponse response =
          kinesis.getRecords(request -> request.shardIterator(shard.iterator).streamARN(streamArn));
      shard.iterator = response.nextShardIterator();
      if (failing) {
        LOG.info("{} can be read again.", streamArn);
      }
      failing = false;
      return records(shard, response);
    } catch (ExpiredIteratorException e) {
      shard.iterator = null;
      return NOTHING;
    } catch (SdkException e) {
      if (!isPassing(e)) {
        throw new IOException("Cannot read " + shard.shardId + " of " + streamArn, e);
      }
      if (!failing) {
        LOG.warn("Cannot read {} now, trying again: {}", streamArn, e.getMessage());
      }
      failing = true;
      shard.dueNanos = System.nanoTime() + BACKOFF.toNanos();
      return NOTHING;
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

  private static RecordsWithSplitIds<ShardRecord> records(
      OpenShard shard, GetRecordsResponse response) {
    List<ShardRecord> records =
        response.records().stream()
            .map(r -> new ShardRecord(r.sequenceNumber(), r.data().asByteArray()))
            .toList();
    if (!records.isEmpty()) {
      shard.position = records.get(records.size() - 1).sequenceNumber();
    }
    Map<String, Collection<ShardRecord>> byShard =
        records.isEmpty() ? Map.of() : Map.of(shard.shardId, records);
    boolean ended = response.nextShardIterator() == null;
    return new RecordsBySplits<>(byShard, ended ? Set.of(shard.shardId) : Set.of());
  }

  /**
   * Throttling, a fault of the service or of the network; anything else needs a person, and fails
   * the job.
   */
  private static boolean isPassing(SdkException e) {
    return e instanceof SdkClientException
        || e.retryable()
        || e instanceof KinesisException service
            && (service.isThrottlingException() || service.statusCode() >= 500);
  }

  /** False when woken before. */
  private synchronized boolean waitUntil(long nanos) {
    long leftMs = Duration.ofNanos(nanos - System.nanoTime()).toMillis();
    if (leftMs <= 0) {
      return true;
    }
    try {
      wait(leftMs);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return nanos - System.nanoTime() <= 0;
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
