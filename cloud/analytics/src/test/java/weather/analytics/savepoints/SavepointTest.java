package weather.analytics.savepoints;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.common.typeutils.CompositeType;
import org.apache.flink.api.java.typeutils.GenericTypeInfo;
import org.apache.flink.runtime.checkpoint.Checkpoints;
import org.apache.flink.runtime.checkpoint.OperatorState;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.checkpoint.metadata.CheckpointMetadata;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import weather.analytics.HarnessedJob;
import weather.analytics.alerts.AlertWindow;
import weather.analytics.averages.MinuteBucket;
import weather.analytics.readings.SeenBlock;

/**
 * This version takes over where an earlier one left off; its savepoints are kept under {@code
 * savepoints/}.
 */
class SavepointTest {
  private static final Path HOME = Path.of("src/test/resources/savepoints");

  static List<Path> savepoints() throws IOException {
    try (var versions = Files.list(HOME)) {
      return versions.sorted().toList();
    }
  }

  @ParameterizedTest
  @MethodSource("savepoints")
  void goesOnFromASavepoint(Path savepoint) throws Exception {
    long madeAtMs =
        new ObjectMapper().readValue(savepoint.resolve("made-at-ms.json").toFile(), long.class);
    try (HarnessedJob job = new HarnessedJob(List.of("1,UK-Worthing"))) {
      job.passTimeTo(madeAtMs);
      job.restart(operators(savepoint.resolve("_metadata")));

      job.arrive(SavepointRecords.second(madeAtMs));
      job.arrive(SavepointRecords.posts(madeAtMs));
      assertThat(job.averageRows).as("repetitions of what was read before").isEmpty();

      job.arrive(SavepointRecords.late(madeAtMs));
      assertThat(job.averageRows)
          .extracting(row -> row.seq, row -> row.msgCount, row -> row.revision)
          .containsExactlyInAnyOrder(
              org.assertj.core.groups.Tuple.tuple(4L, 3, 0),
              org.assertj.core.groups.Tuple.tuple(3L, 4, 2));

      job.pass(Duration.ofMinutes(3));
      assertThat(job.alertRows)
          .singleElement()
          .satisfies(
              row -> {
                assertThat(row.alertid).isEqualTo("1:01JX:1");
                assertThat(row.count).isEqualTo(2);
                assertThat(row.maxTemperature).isEqualTo(44);
              });
    }
  }

  /** By uid, as Flink finds them. */
  private static List<OperatorSubtaskState> operators(Path metadata) throws IOException {
    CheckpointMetadata savepoint;
    try (DataInputStream in = new DataInputStream(Files.newInputStream(metadata))) {
      savepoint =
          Checkpoints.loadCheckpointMetadata(
              in, SavepointTest.class.getClassLoader(), metadata.toString());
    }
    return List.of("deduplication", "averages", "alerts").stream()
        .map(
            uid ->
                savepoint.getOperatorStates().stream()
                    .filter(state -> state.getOperatorUid().filter(uid::equals).isPresent())
                    .map((OperatorState state) -> state.getState(0))
                    .findFirst()
                    .orElseThrow())
        .toList();
  }

  @ParameterizedTest
  @ValueSource(classes = {SeenBlock.class, MinuteBucket.class, AlertWindow.class})
  void keepsItsStateInTypesThatMayGainFields(Class<?> state) {
    assertThat(Types.POJO(state))
        .isInstanceOfSatisfying(CompositeType.class, SavepointTest::noKryo);
  }

  private static void noKryo(CompositeType<?> type) {
    for (int field = 0; field < type.getArity(); field++) {
      assertThat(type.getTypeAt(field)).isNotInstanceOf(GenericTypeInfo.class);
    }
  }
}
