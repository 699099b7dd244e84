package weather.analytics;

import static org.assertj.core.api.Assertions.assertThat;
import static weather.analytics.Readings.START_MS;
import static weather.analytics.Readings.reading;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Nonsense from station 1: what the topic rules pass on of 10,000 generated payloads a topic
 * ({@code test/cloud/malformed.long.test.ts} writes the file), and 10,000 records damaged after the
 * rules.
 */
class MalformedTest {
  private static final int DAMAGED = 10_000;

  private HarnessedJob job;
  private List<String> records;

  @BeforeEach
  void start() throws Exception {
    records = Files.readAllLines(Path.of("../vectors/malformed.jsonl"));
    job = new HarnessedJob(List.of("1,One", "live,Live"));
    job.passTimeTo(START_MS);
  }

  @AfterEach
  void stop() throws Exception {
    job.close();
  }

  private void assertStillRuns() throws Exception {
    int before = job.averageRows.size();
    job.arrive(reading(0, 1, 20).replace("\"deviceid\":\"1\"", "\"deviceid\":\"live\""));
    assertThat(job.averageRows.subList(before, job.averageRows.size()))
        .extracting(row -> row.deviceid, row -> row.msgCount)
        .containsExactly(org.assertj.core.api.Assertions.tuple("live", 1));
  }

  @Test
  void showNothingUnderAnotherIdAndStopNothing() throws Exception {
    int readings = 0;
    for (String record : records) {
      job.arrive(record);
      JsonNode root = new ObjectMapper().readTree(record);
      readings += root.isArray() ? root.size() : 1;
    }
    job.pass(java.time.Duration.ofMinutes(20));

    assertThat(readings).isGreaterThan(1500);
    assertThat(job.averageRows).isNotEmpty().allMatch(row -> row.deviceid.equals("1"));
    // A thousand rows that COPY refuses would keep everybody's out.
    assertThat(job.averageRows)
        .allMatch(row -> row.datetime.matches("(?!0000)[0-9]{4}-.*"))
        .allMatch(
            row -> row.epoch == null || row.epoch.getBytes(StandardCharsets.UTF_8).length <= 64);
    assertThat(job.alertRows).allMatch(row -> row.deviceid.equals("1"));
    assertThat(job.errorRows).isNotEmpty();
    job.passTimeTo(START_MS + 1_300_000);
    assertStillRuns();
  }

  @Test
  void stopNothingWhenTheyAreDamaged() throws Exception {
    Random random = new Random(19);
    for (int n = 0; n < DAMAGED; n++) {
      String record = records.get(random.nextInt(records.size()));
      job.arrive(damaged(record.getBytes(StandardCharsets.UTF_8), random));
    }
    assertStillRuns();
  }

  @Test
  void stopNothingByTheOldestOfTimes() throws Exception {
    for (String epoch : List.of("", ",\"epoch\":\"A\",\"seq\":9007199254740991")) {
      for (String time :
          List.of("0001-01-01 00:00:00", "0001-01-01 00:00:01", "1969-12-31 23:59:59")) {
        job.arrive(
            "{\"deviceid\":\"1\",\"datetime\":\"%s\",\"temperature\":999,\"humidity\":-999%s}"
                .formatted(time, epoch));
        job.pass(java.time.Duration.ofMinutes(20));
      }
    }
    assertThat(job.averageRows).isNotEmpty();
    job.passTimeTo(START_MS + 10_000_000);
    assertStillRuns();
  }

  @Test
  void stopNothingByDepthOrLength() throws Exception {
    for (String bracket : List.of("[", "{\"a\":", "{\"deviceid\":")) {
      job.arrive(bracket.repeat(60_000));
    }
    job.arrive("{\"deviceid\":\"1\",\"temperature\":1" + "0".repeat(100_000) + "}");
    job.arrive("{\"deviceid\":\"" + "1".repeat(100_000) + "\"}");
    job.arrive("{\"deviceid\":\"1\",\"temperature\":1e3469725723}");
    job.arrive("{\"deviceid\":\"1\",\"seq\":1e999999999,\"datetime\":\"2020-05-20 14:58:28\"}");
    assertThat(job.averageRows).isEmpty();
    assertThat(job.errorRows).hasSize(7);
    assertStillRuns();
  }

  @Test
  void boundsWhatAStormOfReadingsInOneMinuteCosts() throws Exception {
    for (int seq = 1; seq <= 5_000; seq++) {
      job.arrive(reading(0, seq, 20));
    }
    assertThat(job.averageRows).hasSizeLessThan(120 * 121);
    assertThat(job.averageRows).extracting(row -> row.msgCount).contains(120).doesNotContain(121);
    assertStillRuns();
  }

  /** A byte changed, the end cut off, or a piece doubled. */
  private static byte[] damaged(byte[] record, Random random) {
    int at = random.nextInt(record.length);
    switch (random.nextInt(3)) {
      case 0 -> {
        byte[] changed = record.clone();
        changed[at] = (byte) random.nextInt(256);
        return changed;
      }
      case 1 -> {
        return Arrays.copyOf(record, at);
      }
      default -> {
        byte[] doubled = Arrays.copyOf(record, record.length + at);
        System.arraycopy(record, 0, doubled, record.length, at);
        return doubled;
      }
    }
  }
}
