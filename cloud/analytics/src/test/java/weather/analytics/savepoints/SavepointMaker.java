package weather.analytics.savepoints;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.source.legacy.SourceFunction;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import weather.analytics.Topology;
import weather.analytics.alerts.AlertTiming;
import weather.analytics.averages.AverageRow;
import weather.analytics.local.Await;
import weather.analytics.readings.Intake;

/**
 * Makes the savepoint that {@link SavepointTest} restores; not a test of its own. Before the
 * state's classes change:
 *
 * <pre>mvn -f cloud/analytics/pom.xml test -Dtest=SavepointMaker -Dsavepoint.version=2</pre>
 */
class SavepointMaker {
  private static final Queue<AverageRow> AVERAGES = new ConcurrentLinkedQueue<>();

  @RegisterExtension
  static final MiniClusterExtension CLUSTER =
      new MiniClusterExtension(
          new MiniClusterResourceConfiguration.Builder()
              .setNumberTaskManagers(1)
              .setNumberSlotsPerTaskManager(1)
              .build());

  @TempDir Path directory;

  @Test
  @SuppressWarnings("deprecation")
  void makesTheSavepoint() throws Exception {
    Path home =
        Path.of("src/test/resources/savepoints/v" + System.getProperty("savepoint.version"));
    long nowMs = System.currentTimeMillis() / 1000 * 1000;
    List<String> records = SavepointRecords.before(nowMs);
    Path stations = directory.resolve("stations.csv");
    Files.writeString(stations, SavepointRecords.STATION_FILE);

    StreamExecutionEnvironment environment =
        StreamExecutionEnvironment.getExecutionEnvironment(new Configuration());
    environment.setParallelism(1);
    DataStream<byte[]> source =
        environment.addSource(new HoldingSource(records)).uid("readings-source");
    Topology.build(
        source,
        new Intake(stations.toUri(), "us-east-1", Duration.ofHours(1), false),
        AlertTiming.STANDARD,
        new Topology.Sinks(
            new CollectingSink(), new DiscardingSink<>(), new DiscardingSink<>(), null));
    JobClient job = environment.executeAsync();
    Await.until("all readings are averaged", () -> AVERAGES.size() == SavepointRecords.ROWS_BEFORE);
    String savepoint =
        job.triggerSavepoint(
                directory.resolve("savepoints").toUri().toString(), SavepointFormatType.CANONICAL)
            .get();
    job.cancel().get();

    Files.createDirectories(home);
    try (var files = Files.list(Path.of(java.net.URI.create(savepoint)))) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .as("all state is in one file")
          .containsExactly("_metadata");
    }
    Files.copy(
        Path.of(java.net.URI.create(savepoint)).resolve("_metadata"), home.resolve("_metadata"));
    new ObjectMapper().writeValue(home.resolve("made-at-ms.json").toFile(), nowMs);
  }

  /** Gives its records and then waits to be cancelled. */
  @SuppressWarnings("deprecation")
  private static final class HoldingSource implements SourceFunction<byte[]> {
    private final List<String> records;
    private volatile boolean cancelled;

    HoldingSource(List<String> records) {
      this.records = List.copyOf(records);
    }

    @Override
    public void run(SourceContext<byte[]> context) throws InterruptedException {
      for (String record : records) {
        context.collect(record.getBytes(java.nio.charset.StandardCharsets.UTF_8));
      }
      while (!cancelled) {
        Thread.sleep(20);
      }
    }

    @Override
    public void cancel() {
      cancelled = true;
    }
  }

  private static final class CollectingSink implements Sink<AverageRow> {
    @Override
    public SinkWriter<AverageRow> createWriter(WriterInitContext context) {
      return new SinkWriter<>() {
        @Override
        public void write(AverageRow row, Context writerContext) {
          AVERAGES.add(row);
        }

        @Override
        public void flush(boolean endOfInput) {}

        @Override
        public void close() {}
      };
    }
  }

  private static final class DiscardingSink<T> implements Sink<T> {
    @Override
    public SinkWriter<T> createWriter(WriterInitContext context) {
      return new SinkWriter<>() {
        @Override
        public void write(T row, Context writerContext) {}

        @Override
        public void flush(boolean endOfInput) {}

        @Override
        public void close() {}
      };
    }
  }
}
