package weather.analytics.stations;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.flink.metrics.Counter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The stations' names, read anew while the job runs. A file that cannot be read leaves the last
 * list in force.
 */
public final class StationDirectory implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(StationDirectory.class);

  private final StationFile file;
  private final Counter failedReloads;
  private final ScheduledExecutorService reloader =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "station-file");
            thread.setDaemon(true);
            return thread;
          });
  private volatile Map<String, String> names;
  private volatile boolean stale;

  /**
   * @throws IOException when the file cannot be read the first time: no names at all would make
   *     every row wrong
   */
  public StationDirectory(StationFile file, Duration reloadEvery, Counter failedReloads)
      throws IOException {
    this.file = file;
    this.failedReloads = failedReloads;
    this.names = StationList.parse(file.read());
    long periodMs = reloadEvery.toMillis();
    reloader.scheduleWithFixedDelay(this::reload, periodMs, periodMs, TimeUnit.MILLISECONDS);
  }

  /** {@code null} for a device that the file does not know. */
  public String nameOf(String deviceid) {
    return names.get(deviceid);
  }

  public int size() {
    return names.size();
  }

  private void reload() {
    try {
      names = StationList.parse(file.read());
      if (stale) {
        LOG.info("The station file can be read again.");
      }
      stale = false;
    } catch (IOException | RuntimeException e) {
      // Whatever is thrown here would end the reloading without a word.
      failedReloads.inc();
      if (!stale) {
        LOG.warn("Keeping the last station list: {}", e.getMessage());
      }
      stale = true;
    }
  }

  @Override
  public void close() {
    reloader.shutdownNow();
    file.close();
  }
}
