package weather.analytics.averages;

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
import weather.analytics.readings.Deduplication;

/** State is bounded by time, and what is needed after an outage is kept. */
class RetentionTest {
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

  /** Live for so long, a reading a minute. */
  private void live(Duration time) throws Exception {
    for (int minute = 1; minute <= time.toMinutes(); minute++) {
      job.pass(Duration.ofMinutes(1));
      job.arrive(reading(60 * minute, minute, 20));
    }
  }

  @Test
  void doesNotGrowWithTheDays() throws Exception {
    live(Duration.ofHours(26));
    int afterADay = job.minutes();
    live(Duration.ofHours(26));
    assertThat(job.minutes()).isLessThanOrEqualTo(afterADay).isLessThan(26 * 60);
  }

  @Test
  void keepsTheLastMinutesForWhatComesAfterAnOutage() throws Exception {
    job.arrive(reading(0, 1, 20));
    job.arrive(reading(12, 2, 20));
    job.pass(Duration.ofDays(20));
    job.arrive(reading(24, 3, 20));
    assertThat(job.averageRows)
        .extracting(row -> row.seq, row -> row.msgCount)
        .containsExactly(tuple(1L, 1), tuple(2L, 2), tuple(3L, 3));
  }

  @Test
  void forgetsAStationThatIsGone() throws Exception {
    job.arrive(reading(0, 1, 20));
    job.pass(RollingAverages.OUTAGE_RETENTION.plusHours(2));
    assertThat(job.minutes()).isZero();
    assertThat(job.seenBlocks()).isZero();
  }

  @Test
  void knowsARepetitionForAWeek() throws Exception {
    job.arrive(reading(0, 1, 20));
    job.pass(Deduplication.RETENTION.minusHours(1));
    job.arrive(reading(0, 1, 20));
    assertThat(job.averageRows).hasSize(1);
  }
}
