package weather.analytics.kinesis;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * How old what is read next is, of the shard that is furthest behind. It grows while a shard cannot
 * be read, when Kinesis's own metric has no data.
 */
final class ReadAge {
  private final LongSupplier nanoTime;

  /** The moment up to which a shard is read. */
  private final Map<String, Long> readUntilNanos = new ConcurrentHashMap<>();

  ReadAge(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  void set(String shardId, long behindMs) {
    readUntilNanos.put(shardId, nanoTime.getAsLong() - TimeUnit.MILLISECONDS.toNanos(behindMs));
  }

  void remove(String shardId) {
    readUntilNanos.remove(shardId);
  }

  /** The gauge {@code millisBehindLatest}; 0 without a shard. */
  long millis() {
    long now = nanoTime.getAsLong();
    return readUntilNanos.values().stream()
        .mapToLong(until -> TimeUnit.NANOSECONDS.toMillis(now - until))
        .max()
        .orElse(0);
  }
}
