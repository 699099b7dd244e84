package weather.analytics.alerts;

import java.io.Serializable;
import java.time.Duration;

/**
 * When alerts open and close.
 *
 * @param closeAfter processing time from a window's opening to its row; of a late window: of
 *     silence
 * @param lateAfter a reading older than this when it arrives had to wait on its way
 * @param longestLate processing time after which a late window closes even if its replay goes on
 * @param catchUp after a restart no window closes earlier than this, for its last readings may have
 *     to be read again
 */
public record AlertTiming(
    Duration closeAfter, Duration lateAfter, Duration longestLate, Duration catchUp)
    implements Serializable {
  /** Of event time: a window's readings are less than this apart. */
  public static final Duration WIDTH = Duration.ofMinutes(2);

  private static final Duration CATCH_UP = Duration.ofSeconds(30);

  public static final AlertTiming STANDARD = closingAfter(WIDTH);

  /** The standard timing, but for the wait until a row is sent. */
  public static AlertTiming closingAfter(Duration closeAfter) {
    return new AlertTiming(
        closeAfter,
        Duration.ofMinutes(10),
        Duration.ofMinutes(15),
        closeAfter.compareTo(CATCH_UP) < 0 ? closeAfter : CATCH_UP);
  }
}
