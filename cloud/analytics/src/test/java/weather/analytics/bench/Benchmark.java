package weather.analytics.bench;

import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.flink.api.common.eventtime.Watermark;
import org.apache.flink.api.common.eventtime.WatermarkGenerator;
import org.apache.flink.api.common.eventtime.WatermarkOutput;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import weather.analytics.Topology;
import weather.analytics.alerts.AlertTiming;
import weather.analytics.averages.AverageRow;
import weather.analytics.readings.Datetimes;
import weather.analytics.readings.Intake;
import weather.analytics.readings.Reading;

/**
 * This job beside the same in plain Flink SQL, in one run: {@code npm run bench:analytics}. Not a
 * test of its own; it is bounded and ends by itself.
 */
class Benchmark {
  private static final long READINGS = 300_000;

  /** Of the run whose cost, mostly that of starting, is taken off the others'. */
  private static final long FEW = 3_000;

  private static final Duration OUT_OF_ORDER = Duration.ofSeconds(5);
  private static final AtomicLong ROWS = new AtomicLong();
  private static final Queue<AverageRow> KEPT = new ConcurrentLinkedQueue<>();
  private static final StringBuilder REPORT = new StringBuilder();
  private static Path stations;
  private static String state = "hashmap";

  @BeforeAll
  static void writeStationFile() throws Exception {
    stations = Files.createTempFile("stations", ".csv");
    StringBuilder file = new StringBuilder("deviceid,weatherstationname\n");
    for (int station = 0; station < 100_000; station++) {
      file.append(station).append(",Station ").append(station).append('\n');
    }
    Files.writeString(stations, file);
  }

  @AfterAll
  static void report() throws Exception {
    Files.delete(stations);
    Files.writeString(Path.of("target/benchmark.md"), REPORT);
    System.out.println(REPORT);
  }

  @Test
  void measuresThroughput() throws Exception {
    cpuSeconds(false, 10, READINGS);
    cpuSeconds(true, 10, READINGS);
    double ownStart = cpuSeconds(false, 10, FEW);
    double sqlStart = cpuSeconds(true, 10, FEW);
    line("| stations | this job, readings/s per core | Flink SQL, readings/s per core |");
    line("| ---: | ---: | ---: |");
    for (int stationCount : List.of(10, 100, 1_000, 10_000, 100_000)) {
      double own = cpuSeconds(false, stationCount, READINGS) - ownStart;
      double sql = cpuSeconds(true, stationCount, READINGS) - sqlStart;
      line("| %,d | %,.0f | %,.0f |".formatted(stationCount, READINGS / own, READINGS / sql));
    }
    line("");
  }

  /** As Managed Flink keeps state; what the sizes of the stack are counted from. */
  @Test
  void measuresWithRocksDb() throws Exception {
    state = "rocksdb";
    try {
      cpuSeconds(false, 10, READINGS);
      double start = cpuSeconds(false, 10, FEW);
      line("| stations | this job with RocksDB, readings/s per core |");
      line("| ---: | ---: |");
      for (int stationCount : List.of(1_000, 100_000)) {
        double own = cpuSeconds(false, stationCount, READINGS) - start;
        line("| %,d | %,.0f |".formatted(stationCount, READINGS / own));
      }
      line("");
    } finally {
      state = "hashmap";
    }
  }

  @Test
  void countsWrongRowsOfAReplay() throws Exception {
    line("| | rows expected | right | wrong | missing | doubled |");
    line("| --- | ---: | ---: | ---: | ---: | ---: |");
    for (boolean sql : new boolean[] {false, true}) {
      Replay replay = new Replay();
      StreamExecutionEnvironment environment = environment();
      DataStream<byte[]> records =
          environment
              .fromData(replay.records())
              .map(record -> record.getBytes(StandardCharsets.UTF_8))
              .returns(PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO);
      KEPT.clear();
      build(environment, records, sql, true);
      environment.execute();
      Replay.Verdict verdict = replay.judge(KEPT);
      line(
          "| %s | %,d | %,d | %,d | %,d | %,d |"
              .formatted(
                  sql ? "Flink SQL, OVER RANGE" : "this job",
                  verdict.expected(),
                  verdict.right(),
                  verdict.wrong(),
                  verdict.missing(),
                  verdict.doubled()));
    }
  }

  /**
   * Of the whole process, so that neither the number of threads nor other work on the machine
   * counts.
   */
  private static double cpuSeconds(boolean sql, int stationCount, long readings) throws Exception {
    StreamExecutionEnvironment environment = environment();
    long startMs = System.currentTimeMillis() / 1000 * 1000 - readings / stationCount * 12_000;
    DataStream<byte[]> records =
        environment
            .fromSequence(0, readings - 1)
            .map(n -> record(n % stationCount, n / stationCount, startMs))
            .returns(PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO);
    build(environment, records, sql, false);
    ROWS.set(0);
    var machine =
        (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    long before = machine.getProcessCpuTime();
    environment.execute();
    if (ROWS.get() < readings) {
      throw new AssertionError("only " + ROWS.get() + " rows");
    }
    return (machine.getProcessCpuTime() - before) / 1e9;
  }

  private static byte[] record(long station, long n, long startMs) {
    String json =
        "{\"deviceid\":\""
            + station
            + "\",\"datetime\":\""
            + Datetimes.format(startMs + n * 12_000)
            + "\",\"temperature\":"
            + (n % 300) / 10.0
            + ",\"humidity\":50.5,\"epoch\":\"01JX0000000000000000000000\",\"seq\":"
            + (n + 1)
            + "}";
    return json.getBytes(StandardCharsets.UTF_8);
  }

  private static StreamExecutionEnvironment environment() {
    Configuration configuration = new Configuration();
    configuration.set(StateBackendOptions.STATE_BACKEND, state);
    StreamExecutionEnvironment environment =
        StreamExecutionEnvironment.getExecutionEnvironment(configuration);
    environment.setParallelism(1);
    return environment;
  }

  private static void build(
      StreamExecutionEnvironment environment,
      DataStream<byte[]> records,
      boolean sql,
      boolean replay) {
    Intake intake = new Intake(stations.toUri(), "us-east-1", Duration.ofHours(1), false);
    CountingSink<AverageRow> averages = new CountingSink<>(replay);
    if (!sql) {
      Topology.build(
          records,
          intake,
          AlertTiming.STANDARD,
          new Topology.Sinks(averages, new CountingSink<>(false), new CountingSink<>(false), null));
      return;
    }
    // A watermark for each reading, as readings that come one by one have it; periodic where speed
    // is measured.
    WatermarkStrategy<Reading> watermarks =
        (replay
                ? WatermarkStrategy.<Reading>forGenerator(context -> new EachReading())
                : WatermarkStrategy.<Reading>forBoundedOutOfOrderness(OUT_OF_ORDER))
            .withTimestampAssigner((reading, timestamp) -> reading.atMs);
    SqlJob.build(StreamTableEnvironment.create(environment), records.process(intake), watermarks)
        .sinkTo(averages);
  }

  private static final class EachReading implements WatermarkGenerator<Reading> {
    private long latestMs = Long.MIN_VALUE + OUT_OF_ORDER.toMillis() + 1;

    @Override
    public void onEvent(Reading reading, long atMs, WatermarkOutput output) {
      latestMs = Math.max(latestMs, atMs);
      output.emitWatermark(new Watermark(latestMs - OUT_OF_ORDER.toMillis() - 1));
    }

    @Override
    public void onPeriodicEmit(WatermarkOutput output) {}
  }

  /** Counts rows, and keeps those of the replay. */
  static void take(Object row, boolean keep) {
    ROWS.incrementAndGet();
    if (keep && row instanceof AverageRow average) {
      KEPT.add(average);
    }
  }

  private static void line(String text) {
    REPORT.append(text).append('\n');
  }
}
