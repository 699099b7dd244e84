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

  /** Whether the reading may come again with a better time. */
  public boolean mayMove;

  public StoredReading() {}

  /** Whether it is this reading, at whatever time. */
  boolean is(Reading reading) {
    return seq == reading.seq && Objects.equals(epoch, reading.epoch);
  }

  StoredReading(Reading reading) {
    atMs = reading.atMs;
    epoch = reading.epoch;
    seq = reading.seq;
    temperature = reading.temperature;
    humidity = reading.humidity;
    mayMove = reading.isNumbered() && reading.timeRank > 0;
  }
}
