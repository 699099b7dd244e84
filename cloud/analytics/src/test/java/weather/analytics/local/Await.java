package weather.analytics.local;

import java.time.Duration;
import java.util.concurrent.Callable;

/** Waits for conditions, never for durations. */
public final class Await {
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  private Await() {}

  public static void until(String what, Callable<Boolean> condition) throws Exception {
    long giveUpNanos = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.call()) {
      if (System.nanoTime() > giveUpNanos) {
        throw new AssertionError("Waited in vain until " + what);
      }
      Thread.sleep(100);
    }
  }
}
