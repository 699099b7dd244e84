package weather.analytics.averages;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import weather.analytics.HarnessedJob;
import weather.analytics.readings.Datetimes;

/**
 * For every permutation, duplication and interleaving of the input, also with failures in between,
 * the highest revision of each row is the row that a look at all distinct readings at once gives.
 * Readings also come again with a better time, before and after it, as a gateway sends them that
 * had no clock when it measured, and others without a number come in the same second.
 */
class RollingAveragesPropertyTest {
  private static final long START_MS = Datetimes.parse("2020-05-20 14:58:28");
  private static final int ROUNDS = 25;

  /** A reading and the JSON that carries it. */
  private record Sent(
      String deviceid,
      long atMs,
      String timequality,
      String epoch,
      Long seq,
      BigDecimal temperature,
      BigDecimal humidity) {
    /** Another reading of the second and without a number, which does not count beside this one. */
    Sent rival(String other, BigDecimal otherTemperature) {
      return new Sent(deviceid, atMs, other, epoch, seq, otherTemperature, humidity);
    }

    /** The same reading with a worse time. */
    Sent stamped(String worse, long at) {
      return new Sent(deviceid, at, worse, epoch, seq, temperature, humidity);
    }

    String json() {
      return "{\"deviceid\":\"%s\",\"datetime\":\"%s\",\"temperature\":%s,\"humidity\":\"%s\",\"timequality\":\"%s\"%s}"
          .formatted(
              deviceid,
              Datetimes.format(atMs),
              temperature,
              humidity,
              timequality,
              epoch == null ? "" : ",\"epoch\":\"" + epoch + "\",\"seq\":" + seq);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void theHighestRevisionIsTheBruteForceRow(long seed) throws Exception {
    for (int round = 0; round < ROUNDS; round++) {
      Random random = new Random(seed * 1000 + round);
      List<Sent> distinct = readings(random);
      try (HarnessedJob job = new HarnessedJob(List.of("0,Zero", "1,One", "2,Two"))) {
        deliver(job, distinct, random);
        assertThat(highest(job.averageRows))
            .as("seed %d, round %d", seed, round)
            .isEqualTo(bruteForce(distinct));
      }
    }
  }

  private static List<Sent> readings(Random random) {
    List<Sent> readings = new ArrayList<>();
    for (int station = 0; station < 3; station++) {
      Set<Long> times = new HashSet<>();
      int count = 1 + random.nextInt(25);
      for (int n = 0; n < count; n++) {
        boolean numbered = station != 2;
        long atMs = START_MS + 1000L * random.nextInt(random.nextBoolean() ? 100 : 600);
        // Numbered readings may share a second; the post's are named by it.
        if (times.add(atMs) || numbered) {
          readings.add(
              new Sent(
                  String.valueOf(station),
                  atMs,
                  random.nextBoolean() ? "corrected" : "synced",
                  numbered ? "epoch" + n % 2 : null,
                  numbered ? (long) n * (1 + 40 * (n % 3)) : null,
                  random.nextInt(8) == 0 ? null : decimal(random, 60),
                  decimal(random, 100)));
        }
      }
    }
    return readings;
  }

  private static BigDecimal decimal(Random random, int limit) {
    BigDecimal value = BigDecimal.valueOf(random.nextInt(limit * 100), 2);
    return random.nextInt(4) == 0 ? value.negate() : value;
  }

  private static void deliver(HarnessedJob job, List<Sent> distinct, Random random)
      throws Exception {
    job.passTimeTo(START_MS + Duration.ofMinutes(10).toMillis());
    List<Sent> deliveries = new ArrayList<>(distinct);
    distinct.stream().filter(sent -> random.nextBoolean()).forEach(deliveries::add);
    distinct.stream()
        .filter(sent -> sent.epoch != null && random.nextInt(3) == 0)
        .forEach(
            sent -> {
              long other = START_MS + 1000L * random.nextInt(600);
              deliveries.add(sent.stamped("estimated", other));
              if (random.nextBoolean()) {
                deliveries.add(sent.stamped("estimated", other + 1000L * random.nextInt(60)));
              }
              if (sent.timequality.equals("corrected")) {
                deliveries.add(sent.stamped("corrected", sent.atMs - 1000L * random.nextInt(90)));
              }
            });
    distinct.stream()
        .filter(sent -> sent.epoch == null && random.nextBoolean())
        .forEach(
            sent -> {
              deliveries.add(sent.rival("estimated", decimal(random, 60)));
              deliveries.add(sent.rival("", decimal(random, 60)));
              if (sent.temperature != null) {
                deliveries.add(sent.rival(sent.timequality, null));
                deliveries.add(sent.rival(sent.timequality, sent.temperature.add(BigDecimal.ONE)));
              }
            });
    Collections.shuffle(deliveries, random);

    List<OperatorSubtaskState> checkpoint = job.checkpoint();
    int checkpointed = 0;
    int next = 0;
    boolean failed = false;
    while (next < deliveries.size()) {
      int size = Math.min(1 + random.nextInt(4), deliveries.size() - next);
      job.arrive(record(deliveries.subList(next, next + size), random));
      next += size;
      job.pass(Duration.ofMinutes(random.nextInt(20)));
      if (random.nextInt(5) == 0) {
        checkpoint = job.checkpoint();
        checkpointed = next;
      } else if (!failed && random.nextInt(10) == 0) {
        failed = true;
        job.restart(checkpoint);
        next = checkpointed;
      }
    }
  }

  private static String record(List<Sent> readings, Random random) {
    String list = String.join(",", readings.stream().map(Sent::json).toList());
    return readings.size() > 1 || random.nextBoolean() ? "[" + list + "]" : list;
  }

  private static Map<String, String> highest(List<AverageRow> rows) {
    Map<String, AverageRow> highest = new HashMap<>();
    for (AverageRow row : rows) {
      highest.merge(
          key(row.deviceid, row.seq == null ? row.datetime : "", row.epoch, row.seq),
          row,
          (a, b) -> a.revision > b.revision ? a : b);
    }
    Map<String, String> texts = new HashMap<>();
    highest.forEach(
        (key, row) ->
            texts.put(
                key,
                text(row.datetime, row.weatherstationname, row.minDatetime, row.msgCount)
                    + text("", row.avgTemperature, row.avgHumidity)));
    return texts;
  }

  private static Map<String, String> bruteForce(List<Sent> distinct) {
    Map<String, String> rows = new HashMap<>();
    for (Sent end : distinct) {
      List<Sent> minute =
          distinct.stream()
              .filter(sent -> sent.deviceid.equals(end.deviceid))
              .filter(sent -> sent.atMs <= end.atMs && end.atMs - sent.atMs <= 60_000)
              .toList();
      String first = Datetimes.format(minute.stream().mapToLong(Sent::atMs).min().orElseThrow());
      String name = List.of("Zero", "One", "Two").get(Integer.parseInt(end.deviceid));
      rows.put(
          key(end.deviceid, end.seq == null ? Datetimes.format(end.atMs) : "", end.epoch, end.seq),
          text(Datetimes.format(end.atMs), name, first, minute.size())
              + text(
                  "",
                  mean(minute.stream().map(Sent::temperature).toList()),
                  mean(minute.stream().map(Sent::humidity).toList())));
    }
    return rows;
  }

  /** In whole hundredths, by a way of its own. */
  private static BigDecimal mean(List<BigDecimal> values) {
    long[] hundredths =
        values.stream()
            .filter(value -> value != null)
            .mapToLong(value -> value.movePointRight(2).longValueExact())
            .toArray();
    if (hundredths.length == 0) {
      return null;
    }
    long sum = java.util.Arrays.stream(hundredths).sum();
    long tenths = Math.floorDiv(sum + 5L * hundredths.length, 10L * hundredths.length);
    return BigDecimal.valueOf(tenths, 1).setScale(1, RoundingMode.UNNECESSARY);
  }

  private static String key(Object... parts) {
    return text(parts);
  }

  private static String text(Object... parts) {
    return String.join("|", java.util.Arrays.stream(parts).map(String::valueOf).toList());
  }
}
