package weather.analytics.local;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Takes Firehose's PutRecordBatch over HTTP and keeps the rows. Like the service it may take part
 * of a batch only: every third batch's first record is refused, and must come again.
 */
public final class FirehoseStandIn implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final HttpServer server;
  private final Map<String, List<JsonNode>> rows = new ConcurrentHashMap<>();
  private final AtomicInteger batches = new AtomicInteger();

  public FirehoseStandIn() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.start();
  }

  public URI endpoint() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  /** The rows a delivery stream was given. */
  public List<JsonNode> rows(String deliveryStream) {
    return List.copyOf(rows.getOrDefault(deliveryStream, List.of()));
  }

  private void answer(HttpExchange exchange) throws IOException {
    JsonNode request = JSON.readTree(exchange.getRequestBody());
    boolean refuseFirst = batches.incrementAndGet() % 3 == 0;
    ArrayNode responses = JSON.createArrayNode();
    List<JsonNode> taken =
        rows.computeIfAbsent(
            request.get("DeliveryStreamName").asText(), name -> new CopyOnWriteArrayList<>());
    for (JsonNode record : request.get("Records")) {
      if (refuseFirst && responses.isEmpty()) {
        responses.addObject().put("ErrorCode", "ServiceUnavailableException");
        continue;
      }
      responses.addObject().put("RecordId", String.valueOf(taken.size()));
      String text = new String(record.get("Data").binaryValue(), StandardCharsets.UTF_8);
      if (!text.endsWith("}\n")) {
        throw new IOException("A row without an end of line: " + text);
      }
      for (String row : text.split("\n")) {
        taken.add(JSON.readTree(row));
      }
    }
    byte[] body =
        JSON.createObjectNode()
            .put("FailedPutCount", refuseFirst ? 1 : 0)
            .set("RequestResponses", responses)
            .toString()
            .getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().add("Content-Type", "application/x-amz-json-1.1");
    exchange.sendResponseHeaders(200, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
