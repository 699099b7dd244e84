package weather.analytics.readings;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RecordParserTest {
  private static final String READING =
      """
      {"deviceid":"1","datetime":"2020-05-20 14:58:28","temperature":33.1,"humidity":85.2,"epoch":"01JX","seq":7}""";

  private final List<Reading> readings = new ArrayList<>();
  private final List<String> details = new ArrayList<>();
  private final List<String> rejected = new ArrayList<>();

  private void parse(String record) {
    RecordParser.parse(
        record.getBytes(StandardCharsets.UTF_8),
        new RecordParser.Outcome() {
          @Override
          public void reading(Reading reading, JsonNode payload) {
            readings.add(reading);
          }

          @Override
          public void unparseable(String deviceid, String detail, String payload) {
            details.add(detail);
            rejected.add(payload);
          }
        });
  }

  @ParameterizedTest
  @ValueSource(strings = {"%s", "[%s]"})
  void readsOneReadingAndAnArray(String record) {
    parse(record.formatted(READING));

    assertThat(details).isEmpty();
    assertThat(readings)
        .singleElement()
        .satisfies(
            reading -> {
              assertThat(reading.deviceid).isEqualTo("1");
              assertThat(Datetimes.format(reading.atMs)).isEqualTo("2020-05-20 14:58:28");
              assertThat(reading.temperature).isEqualTo(33.1);
              assertThat(reading.humidity).isEqualTo(85.2);
              assertThat(reading.epoch).isEqualTo("01JX");
              assertThat(reading.seq).isEqualTo(7);
            });
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"deviceid\":\"1\",\"readings\":[%s]}",
        "{\"readings\":[%s]}",
        "[{\"readings\":[%s]}]",
        "[[%s]]"
      })
  void takesNoReadingOutOfAnother(String record) {
    parse(record.formatted(READING));

    assertThat(readings).isEmpty();
    assertThat(details).hasSize(1);
  }

  @Test
  void takesAtMost500ReadingsAndReportsAnArrayOfNonsenseInAFewRows() {
    parse("[" + "0,".repeat(499) + "0]");
    assertThat(details)
        .hasSize(11)
        .last()
        .isEqualTo("490 further readings of this record are unparseable.");

    details.clear();
    parse("[" + (READING + ",").repeat(500) + READING + "]");
    assertThat(readings).isEmpty();
    assertThat(details).containsExactly("A backlog has at most 500 readings, this one 501.");
  }

  @Test
  void readsThePostsOwnMessage() {
    parse(
        """
        {"deviceid":"1","datetime":"2020-05-11 09:42:05","temperature":"33","humidity":"85",
         "winddirection":"304","windintensity":"75","rainheight":"29"}""");

    assertThat(readings).singleElement().satisfies(r -> assertThat(r.temperature).isEqualTo(33.0));
    assertThat(readings.get(0).isNumbered()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"null", ""})
  void takesANullAndAMissingValueAsNotMeasured(String value) {
    String temperature = value.isEmpty() ? "" : ",\"temperature\":" + value;
    parse("{\"deviceid\":7,\"datetime\":\"2020-05-11 09:42:05\"" + temperature + "}");

    assertThat(readings).singleElement().satisfies(r -> assertThat(r.temperature).isNull());
    assertThat(readings.get(0).deviceid).isEqualTo("7");
  }

  @Test
  void givesUpOneReadingOfABacklogAndKeepsTheOthers() {
    parse("[%s,{\"deviceid\":\"2\"},%s]".formatted(READING, READING));

    assertThat(readings).hasSize(2);
    assertThat(details).containsExactly("datetime is missing.");
    assertThat(rejected).containsExactly("{\"deviceid\":\"2\"}");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "33.1|\"warm\"|temperature is not a number: \"warm\"",
        "33.1|true|temperature is not a number: true",
        "33.1|[1]|temperature is not a number: [1]",
        "33.1|\"NaN\"|temperature is not a number: \"NaN\"",
        "33.1|1e9999|temperature is beyond ±999: Infinity",
        "33.1|1000|temperature is beyond ±999: 1000.0",
        "2020-05-20|2020-02-30|datetime is not like 2020-05-20 14:58:28: 2020-02-30 14:58:28",
        "\"2020-05-20 14:58:28\"|{}|datetime is not a text of 1 to 100 characters.",
        "\"1\"|\"\"|deviceid is not a text of 1 to 100 characters.",
        "\"1\"|null|deviceid is missing.",
        ":7}|:-7}|seq is not a count: -7",
        ":7}|:7.5}|seq is not a whole number: 7.5",
        ",\"seq\":7|``|epoch and seq name a reading together, one of them is missing.",
      })
  void saysWhatIsWrong(String good, String bad, String detail) {
    String record = READING.replaceFirst(java.util.regex.Pattern.quote(good), bad);
    parse(record);

    assertThat(readings).isEmpty();
    assertThat(details).containsExactly(detail);
    assertThat(rejected).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "+999999999-12-31 23:59:59",
        "-999999999-01-01 00:00:00",
        "-0001-05-20 14:58:28",
        "0000-05-20 14:58:28",
        "+2020-05-20 14:58:28",
        "\u0662\u0660\u0662\u0660-05-20 14:58:28"
      })
  void takesNoTimeThatNoTableHolds(String datetime) {
    parse(READING.replace("2020-05-20 14:58:28", datetime));

    assertThat(readings).isEmpty();
    assertThat(details).containsExactly("datetime is not like 2020-05-20 14:58:28: " + datetime);
  }

  @ParameterizedTest
  @ValueSource(strings = {"\\u0000", "\\ud83c", "x\\udf27", "\uD83C\uDF27y"})
  void takesNoEpochThatNoColumnHolds(String text) {
    // The average's column has 64 bytes.
    parse(READING.replace("01JX", text.startsWith("\\") ? text : text.repeat(16)));

    assertThat(readings).isEmpty();
    assertThat(details).containsExactly("epoch is not a text of 1 to 64 bytes.");
  }

  @Test
  void takesAnEpochThatJustFits() {
    parse(READING.replace("01JX", "\uD83C\uDF27".repeat(16)));

    assertThat(readings).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"+33", " 33", ".5", "33.", "\u0663\u0663", "1e100", "0x21"})
  void takesNoNumberThatTheCheckOfRowsRefuses(String text) {
    parse(READING.replace("33.1", "\"" + text + "\""));

    assertThat(readings).isEmpty();
    assertThat(details).containsExactly("temperature is not a number: \"" + text + "\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "weather", "{\"deviceid\":\"1\"", "{} {}", "17", "null", "[[]]"})
  void takesNothingElse(String record) {
    parse(record);

    assertThat(readings).isEmpty();
    assertThat(details).hasSize(1);
  }
}
