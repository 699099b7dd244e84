package weather.analytics.averages;

import java.util.Objects;
import weather.analytics.readings.Reading;

/** What {@link RollingAverages} keeps of a reading. */
public class StoredReading {
  public long atMs;
  public String epoch;
  public long seq;
  public Double temperature;
  public Double humidity;

  /** Of the last row that was sent for it. */
  public int revision;

  /**
   * Whether the reading may come again with a better time, or with values that count before these.
   */
  public boolean mayMove;

  public StoredReading() {}

  /** Whether it is this reading, at whatever time if it has a number. */
  boolean is(Reading reading) {
    return seq == reading.seq
        && Objects.equals(epoch, reading.epoch)
        && (reading.isNumbered() || atMs == reading.atMs);
  }

  StoredReading(Reading reading) {
    atMs = reading.atMs;
    epoch = reading.epoch;
    seq = reading.seq;
    temperature = reading.temperature;
    humidity = reading.humidity;
    mayMove = reading.mayBeReplaced();
  }
}
