package weather.analytics;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import weather.analytics.averages.AverageRow;

/** The examples that the job, the warehouse and the mail agree on: {@code cloud/vectors}. */
class VectorsTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TestFactory
  Stream<DynamicTest> averages() throws IOException {
    JsonNode vectors = JSON.readTree(Path.of("../vectors/averages.json").toFile());
    return stream(vectors.get("cases"))
        .map(
            vector ->
                DynamicTest.dynamicTest(
                    vector.get("name").asText(),
                    () -> {
                      try (HarnessedJob job = new HarnessedJob(stations(vectors))) {
                        job.passTimeTo("2020-05-20 15:00:00");
                        for (JsonNode record : vector.get("records")) {
                          job.arrive(record.toString());
                        }
                        assertThat(texts(highestRevisions(job.averageRows), "revision"))
                            .containsExactlyInAnyOrderElementsOf(
                                texts(vector.get("averages"), "revision"));
                      }
                    }));
  }

  @TestFactory
  Stream<DynamicTest> alerts() throws IOException {
    JsonNode vectors = JSON.readTree(Path.of("../vectors/alerts.json").toFile());
    return stream(vectors.get("cases"))
        .map(
            vector ->
                DynamicTest.dynamicTest(
                    vector.get("name").asText(),
                    () -> {
                      try (HarnessedJob job = new HarnessedJob(stations(vectors))) {
                        for (JsonNode arrival : vector.get("arrivals")) {
                          job.passTimeTo(arrival.get("at").asText());
                          job.arrive(arrival.get("record").toString());
                        }
                        job.pass(Duration.ofMinutes(2));
                        assertThat(texts(JSON.valueToTree(job.alertRows), "alertid"))
                            .containsExactlyInAnyOrderElementsOf(
                                texts(vector.get("alerts"), "alertid"));
                      }
                    }));
  }

  private static List<String> stations(JsonNode vectors) {
    return stream(vectors.get("stations"))
        .map(s -> s.get("deviceid").asText() + "," + s.get("weatherstationname").asText())
        .toList();
  }

  private static JsonNode highestRevisions(Collection<AverageRow> rows) {
    Map<String, AverageRow> highest = new HashMap<>();
    for (AverageRow row : rows) {
      highest.merge(
          String.join("/", row.deviceid, row.datetime, row.epoch, String.valueOf(row.seq)),
          row,
          (a, b) -> a.revision > b.revision ? a : b);
    }
    return JSON.valueToTree(highest.values());
  }

  /**
   * Each row as text, numbers in one spelling (20, 20.0), without the field the vectors leave out.
   */
  private static List<String> texts(JsonNode rows, String leftOut) {
    List<String> texts = new ArrayList<>();
    for (JsonNode row : rows) {
      ObjectNode copy = JSON.createObjectNode();
      row.fields()
          .forEachRemaining(
              field -> {
                JsonNode value = field.getValue();
                copy.set(
                    field.getKey(),
                    value.isNumber() ? JSON.getNodeFactory().numberNode(value.asDouble()) : value);
              });
      copy.remove(leftOut);
      texts.add(copy.toString());
    }
    return texts;
  }

  private static Stream<JsonNode> stream(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false);
  }
}
