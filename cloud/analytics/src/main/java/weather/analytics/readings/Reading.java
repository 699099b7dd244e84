package weather.analytics.readings;

/**
 * What the analytics needs of a weather reading. A mutable POJO with public fields, as Flink's POJO
 * serializer wants it.
 */
public class Reading {
  /** {@link #seq} of a reading without a number: the post's own message. */
  public static final long NO_SEQ = -1;

  public String deviceid;

  /** From the station file; {@code null} when it does not know the device. */
  public String weatherstationname;

  /** When the reading was taken, in milliseconds since 1970 UTC; whole seconds. */
  public long atMs;

  /** How good {@link #atMs} is: 0 synced, 1 corrected, 2 anything else; the lower the better. */
  public int timeRank;

  /** Whether the time is an estimate; between two equal times of one rank, the other is taken. */
  public boolean isEstimated;

  /**
   * Where this reading was before it came again with a better time, or at the same time with values
   * that count before its own, in milliseconds since 1970; {@code null} when it comes for the first
   * time.
   */
  public Long movedFromMs;

  /** One run of the gateway; {@code null} for the post's own message. */
  public String epoch;

  /** Counts the readings of an epoch from 1; {@link #NO_SEQ} for the post's own message. */
  public long seq = NO_SEQ;

  /** Its JSON as it came; {@code null} unless the job delivers readings. */
  public String payload;

  /** °C; {@code null} when not measured. */
  public Double temperature;

  /** %RH; {@code null} when not measured. */
  public Double humidity;

  /**
   * Whether {@code (deviceid, epoch, seq)} names this reading, and not {@code (deviceid,
   * datetime)}.
   */
  public boolean isNumbered() {
    return epoch != null;
  }

  /**
   * Whether another delivery can count before this one. A synchronised time is the last word on a
   * numbered reading; another one of the second may have the same name without a number.
   */
  public boolean mayBeReplaced() {
    return !isNumbered() || timeRank > 0;
  }

  /** For logs and failing tests. */
  @Override
  public String toString() {
    return deviceid
        + " "
        + Datetimes.format(atMs)
        + " "
        + epoch
        + "/"
        + seq
        + " "
        + temperature
        + " °C";
  }
}
