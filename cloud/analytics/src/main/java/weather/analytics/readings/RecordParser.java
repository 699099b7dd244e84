package weather.analytics.readings;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.format.DateTimeParseException;
import java.util.List;

/**
 * Reads a record of the input stream: one reading, an array of readings or {@code
 * {"readings":[...]}}. One bad reading costs only itself, not the others of its record.
 */
public final class RecordParser {
  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build();

  /** What becomes of the readings of a record. */
  public interface Outcome {
    /**
     * @param payload the reading's own JSON
     */
    void reading(Reading reading, JsonNode payload);

    /**
     * @param detail one sentence for a person
     */
    void unparseable(String detail, String payload);
  }

  private RecordParser() {}

  /**
   * Calls {@code outcome} once for each reading of the record, or once for a record that is none.
   */
  public static void parse(byte[] record, Outcome outcome) {
    JsonNode root;
    try {
      root = JSON.readTree(record);
    } catch (JsonProcessingException e) {
      outcome.unparseable("Not JSON: " + e.getOriginalMessage(), text(record));
      return;
    } catch (IOException e) {
      outcome.unparseable("Not UTF-8: " + e.getMessage(), text(record));
      return;
    }
    for (JsonNode node : readingsOf(root)) {
      Reading reading;
      try {
        reading = reading(node);
      } catch (UnparseableException e) {
        outcome.unparseable(e.getMessage(), node.isMissingNode() ? text(record) : node.toString());
        continue;
      }
      outcome.reading(reading, node);
    }
  }

  private static Iterable<JsonNode> readingsOf(JsonNode root) {
    if (root.isArray()) {
      return root;
    }
    return root.path("readings").isArray() ? root.get("readings") : List.of(root);
  }

  private static Reading reading(JsonNode node) throws UnparseableException {
    if (!node.isObject()) {
      throw new UnparseableException("A reading is a JSON object.");
    }
    Reading reading = new Reading();
    reading.deviceid = Fields.text(node, "deviceid", true);
    reading.atMs = datetime(Fields.text(node, "datetime", true));
    reading.temperature = Fields.measurement(node, "temperature");
    reading.humidity = Fields.measurement(node, "humidity");
    reading.epoch = Fields.text(node, "epoch", false);
    reading.seq = Fields.seq(node, Reading.NO_SEQ);
    if ((reading.epoch == null) != (reading.seq == Reading.NO_SEQ)) {
      throw new UnparseableException(
          "epoch and seq name a reading together, one of them is missing.");
    }
    return reading;
  }

  private static long datetime(String text) throws UnparseableException {
    try {
      return Datetimes.parse(text);
    } catch (DateTimeParseException e) {
      throw new UnparseableException("datetime is not like 2020-05-20 14:58:28: " + text);
    }
  }

  private static String text(byte[] record) {
    return new String(record, StandardCharsets.UTF_8);
  }
}
