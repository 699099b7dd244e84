package weather.analytics;

import java.time.Duration;
import org.apache.flink.streaming.api.TimerService;

/**
 * When a station's old state is looked through: once an hour of processing time, each station at a
 * minute of its own, so that a large fleet does not sweep all at once.
 */
public final class Sweeps {
  private static final long PERIOD_MS = Duration.ofHours(1).toMillis();

  private Sweeps() {}

  /**
   * Sets the station's next timer; setting it again changes nothing, for it is the same instant.
   */
  public static void schedule(TimerService timers, String deviceid) {
    long offset = Math.floorMod(deviceid.hashCode(), PERIOD_MS);
    long now = timers.currentProcessingTime();
    timers.registerProcessingTimeTimer(
        (Math.floorDiv(now - offset, PERIOD_MS) + 1) * PERIOD_MS + offset);
  }
}
