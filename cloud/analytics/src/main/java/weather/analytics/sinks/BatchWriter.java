package weather.analytics.sinks;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.api.common.operators.ProcessingTimeService;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.metrics.groups.SinkWriterMetricGroup;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkException;

/**
 * Collects rows in records and records in a batch. Sends the batch when it is full, half a second
 * old, or a checkpoint asks for it.
 */
final class BatchWriter<T> implements SinkWriter<T> {
  private static final Logger LOG = LoggerFactory.getLogger(BatchWriter.class);

  /** Of both services. */
  private static final int LARGEST_BATCH = 500;

  /** Firehose's limit is 4 MiB. */
  private static final int LARGEST_BATCH_BYTES = 3 << 20;

  private static final Duration LONGEST_WAIT = Duration.ofMillis(500);

  /** Together a minute and a half; then the job starts again from its checkpoint. */
  private static final int ATTEMPTS = 12;

  private static final Duration FIRST_BACKOFF = Duration.ofMillis(100);
  private static final Duration LONGEST_BACKOFF = Duration.ofSeconds(20);

  private final BatchSink<T> sink;
  private final BatchTarget target;
  private final ProcessingTimeService timers;
  private final SinkWriterMetricGroup metrics;
  private final ByteArrayOutputStream record = new ByteArrayOutputStream();
  private String recordKey;
  private List<BatchEntry> entries = new ArrayList<>();
  private int bytes;
  private boolean timerSet;

  BatchWriter(BatchSink<T> sink, ProcessingTimeService timers, SinkWriterMetricGroup metrics) {
    this.sink = sink;
    this.target = sink.target().open();
    this.timers = timers;
    this.metrics = metrics;
  }

  @Override
  public void write(T row, Context context) throws IOException, InterruptedException {
    byte[] bytesOfRow = sink.format().bytes(row);
    if (record.size() + bytesOfRow.length > sink.recordBytes()) {
      endRecord();
    }
    if (record.size() == 0) {
      recordKey = sink.partitionKey().apply(row);
    }
    record.writeBytes(bytesOfRow);
    if (!timerSet) {
      timerSet = true;
      timers.registerTimer(
          timers.getCurrentProcessingTime() + LONGEST_WAIT.toMillis(),
          time -> {
            timerSet = false;
            flush(false);
          });
    }
  }

  private void endRecord() throws IOException, InterruptedException {
    if (record.size() == 0) {
      return;
    }
    if (bytes + record.size() > LARGEST_BATCH_BYTES) {
      send();
    }
    entries.add(new BatchEntry(recordKey, record.toByteArray()));
    bytes += record.size();
    record.reset();
    if (entries.size() == LARGEST_BATCH) {
      send();
    }
  }

  @Override
  public void flush(boolean endOfInput) throws IOException, InterruptedException {
    endRecord();
    send();
  }

  private void send() throws IOException, InterruptedException {
    Duration backoff = FIRST_BACKOFF;
    List<BatchEntry> left = entries;
    for (int attempt = 1; !left.isEmpty(); attempt++) {
      List<BatchEntry> before = left;
      left = attempt(left, attempt);
      metrics.getNumRecordsSendCounter().inc(before.size() - left.size());
      if (!left.isEmpty()) {
        Thread.sleep(backoff.toMillis());
        backoff = backoff.multipliedBy(2);
        backoff = backoff.compareTo(LONGEST_BACKOFF) > 0 ? LONGEST_BACKOFF : backoff;
      }
    }
    entries = new ArrayList<>();
    bytes = 0;
  }

  /** The entries that are left. */
  private List<BatchEntry> attempt(List<BatchEntry> batch, int attempt) throws IOException {
    try {
      List<BatchEntry> left = target.put(batch);
      if (left.isEmpty()) {
        return left;
      }
      metrics.getNumRecordsSendErrorsCounter().inc(left.size());
      if (attempt == ATTEMPTS) {
        throw new IOException(left.size() + " records were refused " + ATTEMPTS + " times.");
      }
      return left;
    } catch (SdkException e) {
      metrics.getNumRecordsSendErrorsCounter().inc(batch.size());
      if (attempt == ATTEMPTS) {
        throw new IOException("Cannot send records: " + e.getMessage(), e);
      }
      if (attempt == 1) {
        LOG.warn("Cannot send {} records, trying again: {}", batch.size(), e.getMessage());
      }
      return batch;
    }
  }

  @Override
  public void close() {
    target.close();
  }
}
