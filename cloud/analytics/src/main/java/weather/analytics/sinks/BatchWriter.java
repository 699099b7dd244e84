package weather.analytics.sinks;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
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
 * Collects rows and sends them when a batch is full, half a second old, or a checkpoint asks for
 * it.
 */
final class BatchWriter<T> implements SinkWriter<T> {
  private static final Logger LOG = LoggerFactory.getLogger(BatchWriter.class);
  private static final ObjectMapper JSON = new ObjectMapper();

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
  private final byte[] suffix;
  private List<BatchEntry> entries = new ArrayList<>();
  private int bytes;
  private boolean timerSet;

  BatchWriter(BatchSink<T> sink, ProcessingTimeService timers, SinkWriterMetricGroup metrics) {
    this.sink = sink;
    this.target = sink.target().open();
    this.timers = timers;
    this.metrics = metrics;
    this.suffix = sink.suffix().getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public void write(T row, Context context) throws IOException, InterruptedException {
    byte[] json = JSON.writeValueAsBytes(row);
    byte[] data = java.util.Arrays.copyOf(json, json.length + suffix.length);
    System.arraycopy(suffix, 0, data, json.length, suffix.length);
    if (bytes + data.length > LARGEST_BATCH_BYTES) {
      send();
    }
    entries.add(new BatchEntry(sink.partitionKey().apply(row), data));
    bytes += data.length;
    if (entries.size() == LARGEST_BATCH) {
      send();
    } else if (!timerSet) {
      timerSet = true;
      timers.registerTimer(
          timers.getCurrentProcessingTime() + LONGEST_WAIT.toMillis(),
          time -> {
            timerSet = false;
            send();
          });
    }
  }

  @Override
  public void flush(boolean endOfInput) throws IOException, InterruptedException {
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
        throw new IOException(left.size() + " rows were refused " + ATTEMPTS + " times.");
      }
      return left;
    } catch (SdkException e) {
      metrics.getNumRecordsSendErrorsCounter().inc(batch.size());
      if (attempt == ATTEMPTS) {
        throw new IOException("Cannot send rows: " + e.getMessage(), e);
      }
      if (attempt == 1) {
        LOG.warn("Cannot send {} rows, trying again: {}", batch.size(), e.getMessage());
      }
      return batch;
    }
  }

  @Override
  public void close() {
    target.close();
  }
}
