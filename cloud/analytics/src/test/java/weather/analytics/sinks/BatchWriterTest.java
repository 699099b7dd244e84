package weather.analytics.sinks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.apache.flink.streaming.runtime.tasks.TestProcessingTimeService;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.exception.SdkClientException;

class BatchWriterTest {
  private final FlakyTarget target = new FlakyTarget();
  private final TestProcessingTimeService timers = new TestProcessingTimeService();
  private final BatchWriter<Integer> writer = writer(0);

  private BatchWriter<Integer> writer(int recordBytes) {
    return new BatchWriter<>(
        new BatchSink<>(() -> target, row -> "key", BatchSink::jsonLine, recordBytes),
        timers,
        UnregisteredMetricsGroup.createSinkWriterMetricGroup());
  }

  /** Cannot be reached the first time, refuses an entry the second time, then takes all. */
  private static final class FlakyTarget implements BatchTarget {
    final List<List<String>> batches = new ArrayList<>();
    private int calls;

    @Override
    public List<BatchEntry> put(List<BatchEntry> entries) {
      calls++;
      if (calls == 1) {
        throw SdkClientException.create("no network");
      }
      List<BatchEntry> refused = calls == 2 ? entries.subList(0, 1) : List.of();
      batches.add(
          entries.stream()
              .filter(entry -> !refused.contains(entry))
              .map(entry -> new String(entry.bytes(), StandardCharsets.UTF_8))
              .toList());
      return refused;
    }

    @Override
    public void close() {}
  }

  private void write(int rows) throws IOException, InterruptedException {
    for (int row = 0; row < rows; row++) {
      writer.write(row, null);
    }
  }

  @Test
  void holdsACheckpointBackUntilEveryRowIsTaken() throws Exception {
    write(3);
    assertThat(target.batches).isEmpty();
    writer.flush(false);
    assertThat(target.batches).containsExactly(List.of("1\n", "2\n"), List.of("0\n"));
    writer.flush(false);
    assertThat(target.batches).hasSize(2);
  }

  @Test
  void putsManyRowsIntoARecordAndNeverCutsOne() throws Exception {
    BatchWriter<Integer> packing = writer(5);
    for (int row : new int[] {1, 2, 3, 123_456, 7, 8}) {
      packing.write(row, null);
    }
    packing.flush(false);
    assertThat(target.batches.stream().flatMap(List::stream))
        .containsExactlyInAnyOrder("1\n2\n", "3\n", "123456\n", "7\n8\n");
  }

  @Test
  void keepsBatchesWithinTheLimitsOfTheService() throws Exception {
    BatchWriter<Integer> packing = writer(900_000);
    for (int row = 0; row < 600_000; row++) {
      packing.write(row, null);
    }
    packing.flush(false);
    assertThat(target.batches)
        .allMatch(batch -> batch.stream().mapToInt(String::length).sum() <= 3 << 20);
    assertThat(target.batches.stream().flatMap(List::stream).flatMap(String::lines).distinct())
        .hasSize(600_000);
  }

  @Test
  void sendsAFullBatchAtOnceAndASmallOneSoon() throws Exception {
    write(501);
    assertThat(target.batches.stream().mapToInt(List::size).sum()).isEqualTo(500);
    timers.advance(500);
    assertThat(target.batches.stream().mapToInt(List::size).sum()).isEqualTo(501);
  }
}
