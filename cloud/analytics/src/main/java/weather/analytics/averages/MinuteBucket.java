package weather.analytics.averages;

import java.util.ArrayList;
import java.util.List;

/** The readings of one station in one minute of event time; state of {@link RollingAverages}. */
public class MinuteBucket {
  public List<StoredReading> readings = new ArrayList<>();

  /** Processing time of the last arrival, in milliseconds. */
  public long lastArrivalMs;
}
