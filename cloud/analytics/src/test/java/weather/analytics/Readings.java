package weather.analytics;

import weather.analytics.readings.Datetimes;

/** Records for tests. */
public final class Readings {
  public static final long START_MS = Datetimes.parse("2020-05-20 14:58:28");

  private Readings() {}

  /** Of station 1, {@code seconds} after {@link #START_MS}. */
  public static String reading(int seconds, int seq, double temperature) {
    return "{\"deviceid\":\"1\",\"datetime\":\"%s\",\"temperature\":%s,\"humidity\":50,\"timequality\":\"synced\",\"epoch\":\"01JX\",\"seq\":%d}"
        .formatted(Datetimes.format(START_MS + 1000L * seconds), temperature, seq);
  }
}
