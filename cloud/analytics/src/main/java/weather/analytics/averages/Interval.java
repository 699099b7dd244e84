package weather.analytics.averages;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import java.util.function.Function;
import weather.analytics.readings.Datetimes;
import weather.analytics.readings.Reading;

/** The arithmetic of one row: which readings it is over, and their averages. */
final class Interval {
  /** Both ends count, as SQL's {@code RANGE INTERVAL '1' MINUTE PRECEDING} has it. */
  static final long LENGTH_MS = 60_000;

  private Interval() {}

  /** Whether a reading at {@code atMs} counts in the row of one at {@code endMs}. */
  static boolean contains(long endMs, long atMs) {
    return atMs <= endMs && atMs >= endMs - LENGTH_MS;
  }

  /**
   * The row of {@code end}.
   *
   * @param neighbours readings of the station, {@code end} among them; those outside the interval
   *     are left out
   */
  static AverageRow row(StoredReading end, List<StoredReading> neighbours) {
    List<StoredReading> readings =
        neighbours.stream().filter(other -> contains(end.atMs, other.atMs)).toList();
    AverageRow row = new AverageRow();
    row.minDatetime =
        Datetimes.format(readings.stream().mapToLong(other -> other.atMs).min().orElseThrow());
    row.avgTemperature = average(readings, other -> other.temperature);
    row.avgHumidity = average(readings, other -> other.humidity);
    row.msgCount = readings.size();
    row.datetime = Datetimes.format(end.atMs);
    row.epoch = end.epoch;
    row.seq = end.seq == Reading.NO_SEQ ? null : end.seq;
    row.revision = end.revision;
    return row;
  }

  /**
   * Over the values there are, rounded half up to one decimal; {@code null} when there is none. In
   * decimals, for a sum of binary fractions depends on the order they come in.
   */
  private static BigDecimal average(
      List<StoredReading> readings, Function<StoredReading, Double> value) {
    BigDecimal sum = BigDecimal.ZERO;
    int count = 0;
    for (StoredReading reading : readings) {
      Double measured = value.apply(reading);
      if (measured != null) {
        sum = sum.add(BigDecimal.valueOf(measured));
        count++;
      }
    }
    if (count == 0) {
      return null;
    }
    // floor(10 mean + 1/2) / 10, without a quotient that has no end.
    return sum.multiply(BigDecimal.valueOf(20))
        .add(BigDecimal.valueOf(count))
        .divide(BigDecimal.valueOf(2L * count), 0, RoundingMode.FLOOR)
        .movePointLeft(1);
  }
}
