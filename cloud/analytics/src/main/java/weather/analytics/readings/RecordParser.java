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
 * Reads a record of the input stream: one reading, as the rule of the topic reading passes it, or
 * an array of at most 500 readings, as the rule of the topic backlog selects it. What is inside a
 * reading is never taken for readings. One bad reading costs only itself, not the others of its
 * record; the first bad ones are reported each, the others by their count.
 */
public final class RecordParser {
  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build();

  /** Of one record: the contract's bound for a backlog. */
  static final int MOST_READINGS = 500;

  /** Bad readings of one record that are reported one by one. */
  private static final int MOST_REPORTED = 10;

  /** What becomes of the readings of a record. */
  public interface Outcome {
    /**
     * @param payload the reading's own JSON
     */
    void reading(Reading reading, JsonNode payload);

    /**
     * @param deviceid of the station that it names, empty when it names none
     * @param detail one sentence for a person
     */
    void unparseable(String deviceid, String detail, String payload);
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
      outcome.unparseable("", "Not JSON: " + e.getOriginalMessage(), text(record));
      return;
    } catch (NumberFormatException e) {
      outcome.unparseable("", "A number is beyond all bounds: " + e.getMessage(), text(record));
      return;
    } catch (IOException e) {
      outcome.unparseable("", "Not UTF-8: " + e.getMessage(), text(record));
      return;
    }
    if (root.isArray() && root.size() > MOST_READINGS) {
      outcome.unparseable(
          deviceid(root.get(0)),
          "A backlog has at most " + MOST_READINGS + " readings, this one " + root.size() + ".",
          text(record));
      return;
    }
    int rejected = 0;
    for (JsonNode node : root.isArray() ? root : List.of(root)) {
      Reading reading;
      try {
        reading = reading(node);
      } catch (UnparseableException e) {
        rejected++;
        if (rejected <= MOST_REPORTED) {
          outcome.unparseable(
              deviceid(node),
              e.getMessage(),
              node.isMissingNode() ? text(record) : node.toString());
        }
        continue;
      }
      outcome.reading(reading, node);
    }
    if (rejected > MOST_REPORTED) {
      outcome.unparseable(
          deviceid(root.get(0)),
          "%d further readings of this record are unparseable.".formatted(rejected - MOST_REPORTED),
          text(record));
    }
  }

  private static String deviceid(JsonNode node) {
    return node.path("deviceid").asText();
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
    reading.epoch = Fields.epoch(node);
    reading.seq = Fields.seq(node, Reading.NO_SEQ);
    String timequality = node.path("timequality").asText();
    reading.timeRank = timeRank(timequality);
    reading.isEstimated = timequality.equals("estimated");
    if ((reading.epoch == null) != (reading.seq == Reading.NO_SEQ)) {
      throw new UnparseableException(
          "epoch and seq name a reading together, one of them is missing.");
    }
    return reading;
  }

  /** The order of the warehouse's view {@code sensordata}: the lower is the better time. */
  private static int timeRank(String timequality) {
    return switch (timequality) {
      case "synced" -> 0;
      case "corrected" -> 1;
      default -> 2;
    };
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
