package weather.analytics.averages;

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

  public StoredReading() {}

  StoredReading(Reading reading) {
    atMs = reading.atMs;
    epoch = reading.epoch;
    seq = reading.seq;
    temperature = reading.temperature;
    humidity = reading.humidity;
  }
}
