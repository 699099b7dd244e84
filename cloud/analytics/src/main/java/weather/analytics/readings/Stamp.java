package weather.analytics.readings;

import static java.util.Comparator.naturalOrder;
import static java.util.Comparator.nullsLast;

import java.util.Comparator;

/**
 * What decides between deliveries of one reading, of the best one so far; state of {@link
 * Deduplication}.
 */
public class Stamp {
  /**
   * The better one first, as the warehouse's view {@code sensordata} chooses. The further
   * quantities that decide there change no average. Two deliveries with one number have the same
   * values.
   */
  private static final Comparator<Stamp> ORDER =
      Comparator.<Stamp>comparingInt(stamp -> stamp.rank)
          .thenComparing(stamp -> stamp.atMs, Comparator.reverseOrder())
          .thenComparing(stamp -> stamp.isEstimated)
          .thenComparing(stamp -> stamp.temperature, nullsLast(naturalOrder()))
          .thenComparing(stamp -> stamp.humidity, nullsLast(naturalOrder()));

  /** Milliseconds since 1970. */
  public long atMs;

  /** {@link Reading#timeRank}. */
  public int rank;

  /** {@link Reading#isEstimated}, of a reading without a number. */
  public boolean isEstimated;

  /** °C, of a reading without a number; {@code null} when not measured. */
  public Double temperature;

  /** %RH, of a reading without a number; {@code null} when not measured. */
  public Double humidity;

  /** Processing time of the arrival, in milliseconds. */
  public long arrivedMs;

  public Stamp() {}

  Stamp(Reading reading, long arrivedMs) {
    this.atMs = reading.atMs;
    this.rank = reading.timeRank;
    if (!reading.isNumbered()) {
      this.isEstimated = reading.isEstimated;
      this.temperature = reading.temperature;
      this.humidity = reading.humidity;
    }
    this.arrivedMs = arrivedMs;
  }

  boolean isWorseThan(Stamp other) {
    return ORDER.compare(other, this) < 0;
  }
}
