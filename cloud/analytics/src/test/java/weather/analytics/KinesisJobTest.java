package weather.analytics;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.test.junit5.InjectMiniCluster;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import weather.analytics.local.Await;
import weather.analytics.local.FirehoseStandIn;
import weather.analytics.local.KinesisLocal;
import weather.analytics.readings.Datetimes;

/**
 * The whole job on a cluster, its ends over HTTP and its state in RocksDB as Managed Flink keeps
 * it, with a task manager killed twice, a shard split and its halves merged on the way.
 */
class KinesisJobTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int STATIONS = 4;

  @RegisterExtension
  static final MiniClusterExtension CLUSTER =
      new MiniClusterExtension(
          new MiniClusterResourceConfiguration.Builder()
              .setNumberTaskManagers(1)
              .setNumberSlotsPerTaskManager(2)
              .build());

  private final long startMs = System.currentTimeMillis() / 1000 * 1000 - 500_000;
  private final Map<String, Integer> expectedCounts = new TreeMap<>();

  @TempDir Path directory;

  @Test
  void losesAndDoublesNothingWhenATaskManagerIsKilled(@InjectMiniCluster MiniCluster cluster)
      throws Exception {
    try (KinesisLocal kinesis = new KinesisLocal(Map.of("readings", 2, "alerts", 1));
        FirehoseStandIn firehose = new FirehoseStandIn()) {
      JobClient job = start(kinesis, firehose);

      kinesis.put("readings", "x", "weather");
      send(kinesis, 0, 15);
      Await.until("the first readings are averaged", () -> counts(firehose).size() > 5);
      cluster.terminateTaskManager(0).get();
      send(kinesis, 15, 20);
      cluster.startTaskManager();
      Await.until("all readings are averaged", () -> counts(firehose).equals(expectedCounts));

      kinesis.split("readings", "shardId-000000000000");
      send(kinesis, 20, 30);
      Await.until("the new shards are read", () -> counts(firehose).equals(expectedCounts));

      kinesis.merge("readings", "shardId-000000000002", "shardId-000000000003");
      cluster.terminateTaskManager(0).get();
      send(kinesis, 30, 35);
      cluster.startTaskManager();
      Await.until("the merged shard is read", () -> counts(firehose).equals(expectedCounts));
      // The alert of the second station may follow the first one's by a checkpoint.
      Await.until("both alerts are there", () -> alerts(kinesis).size() == 2);
      // They share records with later ones, so they may leave half a second after the averages.
      Await.until(
          "all readings are delivered",
          () -> delivered(firehose).containsAll(expectedCounts.keySet()));

      job.cancel().get();
      assertThat(counts(firehose)).isEqualTo(expectedCounts);
      assertThat(alerts(kinesis))
          .as("three hot readings of one station, one of another, whatever was repeated")
          .containsExactlyInAnyOrderEntriesOf(Map.of("0", 3, "1", 1));
      assertThat(firehose.rows("readings"))
          .as("whole, each one at least once")
          .allSatisfy(row -> assertThat(row.get("temperature")).isNotNull());
      assertThat(delivered(firehose)).containsAll(expectedCounts.keySet());
      assertThat(firehose.rows("errors"))
          .extracting(row -> row.get("reason").asText())
          .contains("unparseable", "unknown-device");
    }
  }

  private JobClient start(KinesisLocal kinesis, FirehoseStandIn firehose) throws Exception {
    Path stations = directory.resolve("stations.csv");
    Files.writeString(stations, "deviceid,weatherstationname\n0,Zero\n1,One\n2,Two\n");
    Properties given = new Properties();
    given.putAll(
        Map.of(
            "aws.region", "us-east-1",
            "input.stream.arn", kinesis.arn("readings"),
            "alerts.stream.arn", kinesis.arn("alerts"),
            "averages.delivery.stream", "averages",
            "errors.delivery.stream", "errors",
            "stations.uri", stations.toUri().toString(),
            "kinesis.endpoint", kinesis.endpoint().toString(),
            "firehose.endpoint", firehose.endpoint().toString(),
            "alerts.close.seconds", "5"));
    given.setProperty("readings.delivery.stream", "readings");
    given.setProperty("firehose.record.bytes", "512000");
    Configuration configuration = new Configuration();
    configuration.set(StateBackendOptions.STATE_BACKEND, "rocksdb");
    configuration.set(CheckpointingOptions.INCREMENTAL_CHECKPOINTS, true);
    configuration.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, Duration.ofMillis(300));
    configuration.set(RestartStrategyOptions.RESTART_STRATEGY, "fixed-delay");
    configuration.set(RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_ATTEMPTS, 20);
    configuration.set(
        RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_DELAY, Duration.ofMillis(300));
    StreamExecutionEnvironment environment =
        StreamExecutionEnvironment.getExecutionEnvironment(configuration);
    environment.setParallelism(2);
    WeatherAnalytics.build(environment, Settings.from(Map.of(Settings.GROUP, given)));
    return environment.executeAsync();
  }

  /**
   * One reading of every station each 12 s, each sent twice; stations 0 and 1 are hot at the
   * beginning.
   */
  private void send(KinesisLocal kinesis, int from, int to) {
    for (int n = from; n < to; n++) {
      for (int station = 0; station < STATIONS; station++) {
        String device = String.valueOf(station);
        String datetime = Datetimes.format(startMs + 12_000L * n);
        boolean hot = n < 3 && station == 0 || n == 0 && station == 1;
        String reading =
            "{\"deviceid\":\"%s\",\"datetime\":\"%s\",\"temperature\":%s,\"epoch\":\"e\",\"seq\":%d}"
                .formatted(device, datetime, hot ? 41 + n : 20, n);
        kinesis.put("readings", device, reading);
        kinesis.put("readings", device, "[" + reading + "]");
        expectedCounts.put(device + " " + n, Math.min(n + 1, 6));
      }
    }
  }

  /** Station and seq of the readings that were delivered. */
  private static List<String> delivered(FirehoseStandIn firehose) {
    return firehose.rows("readings").stream()
        .map(row -> row.get("deviceid").asText() + " " + row.get("seq").asText())
        .toList();
  }

  /** msg_count of the highest revision, by station and seq. */
  private static Map<String, Integer> counts(FirehoseStandIn firehose) {
    Map<String, JsonNode> highest = new HashMap<>();
    for (JsonNode row : firehose.rows("averages")) {
      highest.merge(
          row.get("deviceid").asText() + " " + row.get("seq").asText(),
          row,
          (a, b) -> a.get("revision").asInt() > b.get("revision").asInt() ? a : b);
    }
    return highest.entrySet().stream()
        .collect(
            Collectors.toMap(
                Map.Entry::getKey,
                entry -> entry.getValue().get("msg_count").asInt(),
                (a, b) -> a,
                TreeMap::new));
  }

  /** count by station, each alertid once. */
  private static Map<String, Integer> alerts(KinesisLocal kinesis) throws Exception {
    Map<String, JsonNode> byId = new LinkedHashMap<>();
    List<String> records = kinesis.records("alerts");
    for (String record : records) {
      JsonNode row = JSON.readTree(record);
      byId.putIfAbsent(row.get("alertid").asText(), row);
    }
    Map<String, Integer> counts = new TreeMap<>();
    byId.values()
        .forEach(
            row ->
                counts.merge(row.get("deviceid").asText(), row.get("count").asInt(), Integer::sum));
    return counts;
  }
}
