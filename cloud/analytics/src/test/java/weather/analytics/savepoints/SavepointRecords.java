package weather.analytics.savepoints;

import java.util.List;
import weather.analytics.readings.Datetimes;

/** What was read before the savepoint, and what comes after it. */
final class SavepointRecords {
  static final String STATION_FILE = "deviceid,weatherstationname\n1,UK-Worthing\n";

  /** Of the averages: three readings, the second one late, one of the post's own. */
  static final int ROWS_BEFORE = 5;

  private SavepointRecords() {}

  static List<String> before(long nowMs) {
    return List.of(
        reading(nowMs - 60_000, 1, 43),
        reading(nowMs - 36_000, 3, 20),
        second(nowMs),
        posts(nowMs));
  }

  /** Late: it changes the row of the third. */
  static String second(long nowMs) {
    return reading(nowMs - 48_000, 2, 44);
  }

  /** Changes the row of the third once more. */
  static String late(long nowMs) {
    return reading(nowMs - 42_000, 4, 20);
  }

  static String posts(long nowMs) {
    return "{\"deviceid\":\"2\",\"datetime\":\"%s\",\"temperature\":\"33\",\"humidity\":\"85\"}"
        .formatted(Datetimes.format(nowMs));
  }

  private static String reading(long atMs, int seq, double temperature) {
    return "{\"deviceid\":\"1\",\"datetime\":\"%s\",\"temperature\":%s,\"epoch\":\"01JX\",\"seq\":%d}"
        .formatted(Datetimes.format(atMs), temperature, seq);
  }
}
