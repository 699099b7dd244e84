package weather.analytics.local;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.Record;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;
import software.amazon.awssdk.services.kinesis.model.StreamStatus;
import weather.analytics.kinesis.KinesisConnection;

/**
 * The npm package kinesis-local: Kinesis's HTTP interface in a process of its own, for one test.
 */
public final class KinesisLocal implements AutoCloseable {
  private static final String REGION = "us-east-1";
  private static final Path HOME = Path.of("../../node_modules/kinesis-local").toAbsolutePath();

  private final Process process;
  private final URI endpoint;
  private final KinesisClient client;

  /**
   * @param streams shard count by name
   */
  public KinesisLocal(Map<String, Integer> streams) throws Exception {
    System.setProperty("aws.accessKeyId", "local");
    System.setProperty("aws.secretAccessKey", "local");
    int port = freePort();
    ProcessBuilder builder = new ProcessBuilder("node", HOME.resolve("main.js").toString());
    builder.directory(HOME.toFile());
    builder.redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD);
    builder.environment().put("KINESIS_MOCK_PLAIN_PORT", String.valueOf(port));
    builder.environment().put("KINESIS_MOCK_TLS_PORT", String.valueOf(freePort()));
    process = builder.start();
    endpoint = URI.create("http://127.0.0.1:" + port);
    client = new KinesisConnection(REGION, endpoint).open();
    Await.until(
        "kinesis-local answers",
        () -> {
          if (!process.isAlive()) {
            throw new IOException("kinesis-local ended with " + process.exitValue());
          }
          return isReachable(port);
        });
    for (Map.Entry<String, Integer> stream : streams.entrySet()) {
      client.createStream(c -> c.streamName(stream.getKey()).shardCount(stream.getValue()));
    }
    for (String stream : streams.keySet()) {
      awaitActive(stream);
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private static boolean isReachable(int port) {
    try (java.net.Socket socket = new java.net.Socket("127.0.0.1", port)) {
      return socket.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  private void awaitActive(String stream) throws Exception {
    Await.until(
        stream + " is active",
        () ->
            client
                    .describeStreamSummary(d -> d.streamName(stream))
                    .streamDescriptionSummary()
                    .streamStatus()
                == StreamStatus.ACTIVE);
  }

  public URI endpoint() {
    return endpoint;
  }

  public String arn(String stream) {
    return "arn:aws:kinesis:" + REGION + ":000000000000:stream/" + stream;
  }

  public void put(String stream, String partitionKey, String record) {
    client.putRecord(
        p -> p.streamName(stream).partitionKey(partitionKey).data(SdkBytes.fromUtf8String(record)));
  }

  /** Resharding: the first shard gives way to two. */
  public void split(String stream, String shardId) throws Exception {
    client.splitShard(
        s ->
            s.streamName(stream)
                .shardToSplit(shardId)
                .newStartingHashKey(java.math.BigInteger.TWO.pow(126).toString()));
    awaitActive(stream);
  }

  /** Resharding: two neighbours give way to one. */
  public void merge(String stream, String shardId, String neighbourId) throws Exception {
    client.mergeShards(
        m -> m.streamName(stream).shardToMerge(shardId).adjacentShardToMerge(neighbourId));
    awaitActive(stream);
  }

  /** All records of a stream of one shard, as texts. */
  public List<String> records(String stream) {
    String shard = client.listShards(l -> l.streamName(stream)).shards().get(0).shardId();
    String[] iterator = {
      client
          .getShardIterator(
              g ->
                  g.streamName(stream)
                      .shardId(shard)
                      .shardIteratorType(ShardIteratorType.TRIM_HORIZON))
          .shardIterator()
    };
    List<String> texts = new ArrayList<>();
    while (true) {
      var page = client.getRecords(g -> g.shardIterator(iterator[0]));
      page.records().stream().map(Record::data).map(SdkBytes::asUtf8String).forEach(texts::add);
      iterator[0] = page.nextShardIterator();
      if (page.records().isEmpty()) {
        return texts;
      }
    }
  }

  @Override
  public void close() throws InterruptedException {
    client.close();
    process.destroy();
    if (!process.waitFor(10, TimeUnit.SECONDS)) {
      process.destroyForcibly();
    }
  }
}
