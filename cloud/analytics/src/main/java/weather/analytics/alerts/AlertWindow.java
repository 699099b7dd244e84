package weather.analytics.alerts;

import weather.analytics.readings.Datetimes;
import weather.analytics.readings.Reading;

/** An alert that is still open; state of {@link AlertWindows}. */
public class AlertWindow {
  public String alertid;
  public String weatherstationname;
  public boolean late;
  public int count;
  public double minTemperature = Double.POSITIVE_INFINITY;
  public double maxTemperature = Double.NEGATIVE_INFINITY;

  /** Event time of the earliest reading, in milliseconds. */
  public long firstMs = Long.MAX_VALUE;

  /** Event time of the latest reading, in milliseconds. */
  public long lastMs = Long.MIN_VALUE;

  /** Processing time, in milliseconds. */
  public long openedMs;

  /** Processing time, in milliseconds. */
  public long closesMs;

  public AlertWindow() {}

  AlertWindow(Reading first, boolean late, long nowMs) {
    String name = first.isNumbered() ? first.epoch + ":" + first.seq : Datetimes.format(first.atMs);
    // The lane is part of it: after a failure the same readings may come back as late ones, and
    // more with them.
    alertid = first.deviceid + ":" + name + (late ? ":late" : "");
    this.late = late;
    openedMs = nowMs;
  }

  void add(Reading reading) {
    weatherstationname = reading.weatherstationname;
    count++;
    minTemperature = Math.min(minTemperature, reading.temperature);
    maxTemperature = Math.max(maxTemperature, reading.temperature);
    firstMs = Math.min(firstMs, reading.atMs);
    lastMs = Math.max(lastMs, reading.atMs);
  }

  /** Event time from the first to the last reading, were {@code atMs} among them. */
  long spanWith(long atMs) {
    return Math.max(lastMs, atMs) - Math.min(firstMs, atMs);
  }

  AlertRow row(String deviceid) {
    AlertRow row = new AlertRow();
    row.alertid = alertid;
    row.deviceid = deviceid;
    row.weatherstationname = weatherstationname;
    row.count = count;
    row.minTemperature = minTemperature;
    row.maxTemperature = maxTemperature;
    row.firstDatetime = Datetimes.format(firstMs);
    row.lastDatetime = Datetimes.format(lastMs);
    row.late = late;
    return row;
  }
}
