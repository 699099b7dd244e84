package weather.analytics.bench;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import weather.analytics.averages.AverageRow;
import weather.analytics.readings.Datetimes;

/**
 * Two hours of twenty stations. Five of them are cut off for an hour in the middle; afterwards
 * their backlog comes in arrays of fifty, between the live readings of the others. One reading in a
 * hundred is delivered twice.
 */
final class Replay {
  private static final int STATIONS = 20;
  private static final int CUT_OFF = 5;
  private static final int READINGS = 600;
  private static final int CUT_FROM = 150;
  private static final int CUT_TO = 450;
  private static final int BATCH = 50;
  private static final long STEP_MS = 12_000;

  private final long startMs = System.currentTimeMillis() / 1000 * 1000 - READINGS * STEP_MS;

  /** In the order of their arrival. */
  List<String> records() {
    List<String> records = new ArrayList<>();
    for (int n = 0; n < READINGS; n++) {
      for (int station = 0; station < STATIONS; station++) {
        boolean cutOff = station < CUT_OFF && n >= CUT_FROM && n < CUT_TO;
        if (!cutOff) {
          records.add(reading(station, n));
          if ((n * STATIONS + station) % 100 == 0) {
            records.add(reading(station, n));
          }
        }
      }
      int batch = n - CUT_TO;
      if (batch >= 0 && batch < (CUT_TO - CUT_FROM) / BATCH) {
        for (int station = 0; station < CUT_OFF; station++) {
          records.add(backlog(station, CUT_FROM + batch * BATCH));
        }
      }
    }
    return records;
  }

  private String backlog(int station, int from) {
    List<String> readings = new ArrayList<>();
    for (int n = from; n < from + BATCH; n++) {
      readings.add(reading(station, n));
    }
    return "[" + String.join(",", readings) + "]";
  }

  private String reading(int station, int n) {
    return "{\"deviceid\":\"%d\",\"datetime\":\"%s\",\"temperature\":%d,\"humidity\":50,\"epoch\":\"e\",\"seq\":%d}"
        .formatted(station, Datetimes.format(startMs + n * STEP_MS), temperature(n), n);
  }

  private static int temperature(int n) {
    return n % 30;
  }

  /** What came out, held against what is right. */
  record Verdict(int expected, int right, int wrong, int missing, int doubled) {}

  /**
   * The highest revision of each reading's row counts; a second row of the same revision is one too
   * many.
   */
  Verdict judge(Collection<AverageRow> rows) {
    Map<String, AverageRow> highest = new HashMap<>();
    int doubled = 0;
    for (AverageRow row : rows) {
      AverageRow known = highest.get(row.deviceid + "/" + row.seq);
      if (known != null && known.revision == row.revision) {
        doubled++;
      }
      if (known == null || known.revision <= row.revision) {
        highest.put(row.deviceid + "/" + row.seq, row);
      }
    }
    int right = 0;
    int wrong = 0;
    for (AverageRow row : highest.values()) {
      if (isRight(row)) {
        right++;
      } else {
        wrong++;
      }
    }
    int expected = STATIONS * READINGS;
    return new Verdict(expected, right, wrong, expected - highest.size(), doubled);
  }

  private static boolean isRight(AverageRow row) {
    int last = row.seq.intValue();
    int first = Math.max(0, last - 5);
    double sum = 0;
    for (int n = first; n <= last; n++) {
      sum += temperature(n);
    }
    double mean = Math.floor(sum / (last - first + 1) * 10 + 0.5) / 10;
    return row.msgCount == last - first + 1
        && Math.abs(row.avgTemperature.doubleValue() - mean) < 0.001;
  }
}
