package weather.analytics;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.state.KeyedStateBackend;
import org.apache.flink.runtime.state.VoidNamespace;
import org.apache.flink.runtime.state.VoidNamespaceSerializer;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.KeyedProcessOperator;
import org.apache.flink.streaming.api.operators.ProcessOperator;
import org.apache.flink.streaming.util.KeyedOneInputStreamOperatorTestHarness;
import org.apache.flink.streaming.util.OneInputStreamOperatorTestHarness;
import weather.analytics.alerts.AlertRow;
import weather.analytics.alerts.AlertTiming;
import weather.analytics.alerts.AlertWindows;
import weather.analytics.averages.AverageRow;
import weather.analytics.averages.MinuteBucket;
import weather.analytics.averages.RollingAverages;
import weather.analytics.readings.Datetimes;
import weather.analytics.readings.Deduplication;
import weather.analytics.readings.Intake;
import weather.analytics.readings.Reading;
import weather.analytics.readings.SeenBlock;

/**
 * The job's operators joined as {@link Topology} joins them, with a processing time that the test
 * sets.
 */
public final class HarnessedJob implements AutoCloseable {
  /** What Flink takes by itself for a small job, and so what savepoints are made with. */
  private static final int MAX_PARALLELISM = 128;

  private final Path stationFile;
  private OneInputStreamOperatorTestHarness<byte[], Reading> intake;
  private KeyedOneInputStreamOperatorTestHarness<String, Reading, Reading> deduplication;
  private KeyedOneInputStreamOperatorTestHarness<String, Reading, AverageRow> averages;
  private KeyedOneInputStreamOperatorTestHarness<String, Reading, AlertRow> alerts;
  private long nowMs;

  public final List<AverageRow> averageRows = new ArrayList<>();
  public final List<AlertRow> alertRows = new ArrayList<>();
  public final List<ErrorRow> errorRows = new ArrayList<>();

  /**
   * @param stations the station file's rows, without the header
   */
  public HarnessedJob(List<String> stations) throws Exception {
    stationFile = Files.createTempFile("stations", ".csv");
    Files.writeString(
        stationFile, "deviceid,weatherstationname\n" + String.join("\n", stations) + "\n");
    start(null);
  }

  private void start(List<OperatorSubtaskState> state) throws Exception {
    URI uri = stationFile.toUri();
    intake =
        new OneInputStreamOperatorTestHarness<>(
            new ProcessOperator<>(new Intake(uri, "us-east-1", Duration.ofHours(1), false)));
    deduplication = keyed(new Deduplication());
    averages = keyed(new RollingAverages());
    alerts = keyed(new AlertWindows(AlertTiming.STANDARD));
    if (state != null) {
      deduplication.initializeState(state.get(0));
      averages.initializeState(state.get(1));
      alerts.initializeState(state.get(2));
    }
    for (var harness : List.of(intake, deduplication, averages, alerts)) {
      harness.open();
    }
    passTimeTo(nowMs);
  }

  private static <T> KeyedOneInputStreamOperatorTestHarness<String, Reading, T> keyed(
      KeyedProcessFunction<String, Reading, T> function) throws Exception {
    return new KeyedOneInputStreamOperatorTestHarness<>(
        new KeyedProcessOperator<>(function),
        reading -> reading.deviceid,
        Types.STRING,
        MAX_PARALLELISM,
        1,
        0);
  }

  public void passTimeTo(String datetime) throws Exception {
    passTimeTo(Datetimes.parse(datetime));
  }

  public void passTimeTo(long atMs) throws Exception {
    nowMs = atMs;
    for (var harness : List.of(intake, deduplication, averages, alerts)) {
      harness.setProcessingTime(atMs);
    }
    collect();
  }

  public void pass(Duration time) throws Exception {
    passTimeTo(nowMs + time.toMillis());
  }

  public void arrive(String record) throws Exception {
    arrive(record.getBytes(StandardCharsets.UTF_8));
  }

  public void arrive(byte[] record) throws Exception {
    intake.processElement(record, 0);
    for (Reading reading : intake.extractOutputValues()) {
      deduplication.processElement(reading, 0);
    }
    for (Reading reading : deduplication.extractOutputValues()) {
      averages.processElement(reading, 0);
      alerts.processElement(reading, 0);
    }
    collect();
  }

  private void collect() {
    averageRows.addAll(averages.extractOutputValues());
    alertRows.addAll(alerts.extractOutputValues());
    var errors = intake.getSideOutput(Intake.ERRORS);
    if (errors != null) {
      errors.forEach(row -> errorRows.add(row.getValue()));
      errors.clear();
    }
    List.of(intake, deduplication, averages, alerts).forEach(h -> h.getOutput().clear());
  }

  /**
   * What a failure does: the operators' state is what it was at {@code checkpoint}; rows that left
   * are out.
   */
  public void restart(List<OperatorSubtaskState> checkpoint) throws Exception {
    stop();
    start(checkpoint);
  }

  public List<OperatorSubtaskState> checkpoint() throws Exception {
    return List.of(
        deduplication.snapshot(1, nowMs), averages.snapshot(1, nowMs), alerts.snapshot(1, nowMs));
  }

  /** Station minutes that are kept. */
  public int minutes() throws Exception {
    return entries(averages, "minutes", Types.LONG, MinuteBucket.class);
  }

  /** Blocks of names that are known to have been seen. */
  public int seenBlocks() throws Exception {
    return entries(deduplication, "seen", Types.STRING, SeenBlock.class);
  }

  /** Of station 1. */
  private static <K, V> int entries(
      KeyedOneInputStreamOperatorTestHarness<String, Reading, ?> harness,
      String state,
      TypeInformation<K> key,
      Class<V> value)
      throws Exception {
    KeyedStateBackend<Object> backend =
        ((AbstractStreamOperator<?>) harness.getOperator()).getKeyedStateBackend();
    backend.setCurrentKey("1");
    MapState<K, V> entries =
        backend.getPartitionedState(
            VoidNamespace.INSTANCE,
            VoidNamespaceSerializer.INSTANCE,
            new MapStateDescriptor<>(state, key, Types.POJO(value)));
    int count = 0;
    for (K ignored : entries.keys()) {
      count++;
    }
    return count;
  }

  private void stop() throws Exception {
    for (var harness : List.of(intake, deduplication, averages, alerts)) {
      harness.close();
    }
  }

  @Override
  public void close() throws Exception {
    stop();
    Files.delete(stationFile);
  }
}
