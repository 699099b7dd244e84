package weather.analytics.readings;

/**
 * The best time so far of a reading whose clock was not synchronised; state of {@link
 * Deduplication}.
 */
public class Stamp {
  /** Milliseconds since 1970. */
  public long atMs;

  /** {@link Reading#timeRank}. */
  public int rank;

  /** Processing time of the arrival, in milliseconds. */
  public long arrivedMs;

  public Stamp() {}

  Stamp(Reading reading, long arrivedMs) {
    this.atMs = reading.atMs;
    this.rank = reading.timeRank;
    this.arrivedMs = arrivedMs;
  }

  /** As the warehouse's view {@code sensordata} chooses among deliveries of one reading. */
  boolean isWorseThan(Reading reading) {
    return reading.timeRank < rank || reading.timeRank == rank && reading.atMs > atMs;
  }
}
