package weather.analytics.readings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static weather.analytics.Readings.START_MS;
import static weather.analytics.Readings.reading;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import weather.analytics.HarnessedJob;

class IntakeTest {
  private HarnessedJob job;

  @BeforeEach
  void start() throws Exception {
    job = new HarnessedJob(List.of("1,\"Worthing, UK\""));
    job.passTimeTo(START_MS);
  }

  @AfterEach
  void stop() throws Exception {
    job.close();
  }

  @Test
  void reportsAnUnknownDeviceAndStillAveragesIt() throws Exception {
    String record = reading(0, 1, 20).replace("\"deviceid\":\"1\"", "\"deviceid\":\"9\"");
    job.arrive(record);

    assertThat(job.averageRows)
        .extracting(row -> row.deviceid, row -> row.weatherstationname)
        .containsExactly(tuple("9", null));
    assertThat(job.errorRows)
        .extracting(row -> row.reason, row -> row.detail, row -> row.payload, row -> row.seen)
        .containsExactly(
            tuple(
                "unknown-device",
                "The station file does not know 9.",
                record,
                "2020-05-20 14:58:28"));
  }

  @Test
  void refusesTheFutureButNotAClockAMinuteAhead() throws Exception {
    job.arrive(reading(300, 1, 20));
    job.arrive(reading(301, 2, 20));

    assertThat(job.averageRows).extracting(row -> row.seq).containsExactly(1L);
    assertThat(job.errorRows)
        .extracting(row -> row.reason, row -> row.detail)
        .containsExactly(tuple("future", "datetime is 301 s ahead."));
  }

  @Test
  void reportsWhatItCannotParseAndCutsItShort() throws Exception {
    job.arrive("x".repeat(20_000));

    assertThat(job.errorRows)
        .singleElement()
        .satisfies(
            row -> {
              assertThat(row.reason).isEqualTo("unparseable");
              assertThat(row.payload).hasSize(10_000);
            });
  }

  @Test
  void boundsTheErrorRowsOfAStationAnHour() throws Exception {
    for (int n = 0; n < 150; n++) {
      job.arrive("{\"deviceid\":\"1\"}");
    }
    job.arrive("{\"deviceid\":\"2\"}");
    assertThat(job.errorRows).hasSize(101);

    job.pass(Duration.ofHours(1));
    job.arrive("{\"deviceid\":\"1\"}");
    assertThat(job.errorRows).hasSize(102);
  }

  @Test
  void readsNamesWithCommas() throws Exception {
    job.arrive(reading(0, 1, 20));

    assertThat(job.averageRows.get(0).weatherstationname).isEqualTo("Worthing, UK");
  }
}
