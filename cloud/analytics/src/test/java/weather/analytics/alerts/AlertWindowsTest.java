package weather.analytics.alerts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static weather.analytics.Readings.START_MS;
import static weather.analytics.Readings.reading;

import java.time.Duration;
import java.util.List;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import weather.analytics.HarnessedJob;

/** What the shared vectors do not show: lanes, the end of long replays, failures. */
class AlertWindowsTest {
  private HarnessedJob job;

  @BeforeEach
  void start() throws Exception {
    job = new HarnessedJob(List.of("1,UK-Worthing"));
    job.passTimeTo(START_MS);
  }

  @AfterEach
  void stop() throws Exception {
    job.close();
  }

  private void passSeconds(int seconds) throws Exception {
    job.pass(Duration.ofSeconds(seconds));
  }

  @Test
  void closesTwoMinutesAfterItOpened() throws Exception {
    job.arrive(reading(0, 1, 41));
    passSeconds(119);
    assertThat(job.alertRows).isEmpty();
    passSeconds(1);
    assertThat(job.alertRows).extracting(row -> row.count).containsExactly(1);
  }

  @Test
  void takesAReadingThatIsOlderThanItsFirst() throws Exception {
    job.arrive(reading(60, 6, 41));
    job.arrive(reading(0, 1, 42));
    job.arrive(reading(119, 11, 43));
    passSeconds(120);
    assertThat(job.alertRows)
        .extracting(row -> row.alertid, row -> row.count, row -> row.firstDatetime)
        .containsExactly(tuple("1:01JX:6", 3, "2020-05-20 14:58:28"));
  }

  @Test
  void keepsAReplayApartFromWhatIsLive() throws Exception {
    passSeconds(3600);
    job.arrive(reading(0, 1, 41));
    job.arrive(reading(3600, 301, 45));
    passSeconds(60);
    job.arrive(reading(600, 51, 42));
    passSeconds(60);
    assertThat(job.alertRows)
        .extracting(row -> row.late, row -> row.maxTemperature)
        .containsExactly(tuple(false, 45.0));
    passSeconds(60);
    assertThat(job.alertRows)
        .extracting(row -> row.late, row -> row.count, row -> row.maxTemperature)
        .containsExactly(tuple(false, 1, 45.0), tuple(true, 2, 42.0));
  }

  @Test
  void endsALateAlertThatWouldNeverFallSilent() throws Exception {
    passSeconds(24 * 3600);
    for (int minute = 0; minute < 20; minute++) {
      job.arrive(reading(60 * minute, 1 + minute, 41));
      passSeconds(60);
    }
    assertThat(job.alertRows)
        .extracting(row -> row.late, row -> row.count)
        .containsExactly(tuple(true, 15));
  }

  @Test
  void sendsTheSameAlertAfterAFailureAndNoOther() throws Exception {
    job.arrive(reading(0, 1, 41));
    List<OperatorSubtaskState> checkpoint = job.checkpoint();
    job.arrive(reading(12, 2, 42));
    passSeconds(120);
    assertThat(job.alertRows)
        .extracting(row -> row.alertid, row -> row.count)
        .containsExactly(tuple("1:01JX:1", 2));

    // The timer has fallen due while the job was down; what came after the checkpoint is read again
    // first.
    job.restart(checkpoint);
    job.arrive(reading(12, 2, 42));
    passSeconds(120);
    assertThat(job.alertRows)
        .extracting(row -> row.alertid, row -> row.count)
        .containsExactly(tuple("1:01JX:1", 2), tuple("1:01JX:1", 2));
  }
}
