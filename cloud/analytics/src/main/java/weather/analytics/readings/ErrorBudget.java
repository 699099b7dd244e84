package weather.analytics.readings;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/** How many error rows a station may cause: a broken one must not fill everybody's. */
final class ErrorBudget {
  static final int MOST_PER_HOUR = 100;
  private static final long HOUR_MS = Duration.ofHours(1).toMillis();

  private final Map<String, Integer> rowsByStation = new HashMap<>();
  private long hour;

  /** Whether one more row of the station is within its bound of this hour. */
  boolean allows(String deviceid, long nowMs) {
    if (Math.floorDiv(nowMs, HOUR_MS) != hour) {
      hour = Math.floorDiv(nowMs, HOUR_MS);
      rowsByStation.clear();
    }
    return rowsByStation.merge(deviceid, 1, Integer::sum) <= MOST_PER_HOUR;
  }
}
