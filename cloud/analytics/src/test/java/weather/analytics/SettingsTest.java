package weather.analytics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SettingsTest {
  private final Properties given = new Properties();

  @BeforeEach
  void giveWhatTheStackGives() {
    given.setProperty("aws.region", "us-east-1");
    given.setProperty("input.stream.arn", "arn:aws:kinesis:us-east-1:1:stream/readings");
    given.setProperty("alerts.stream.arn", "arn:aws:kinesis:us-east-1:1:stream/alerts");
    given.setProperty("averages.delivery.stream", "averages");
    given.setProperty("errors.delivery.stream", "errors");
    given.setProperty("stations.uri", "s3://bucket/stations.csv");
  }

  @Test
  void needsNothingButWhatTheStackGives() {
    Settings settings = Settings.from(Map.of(Settings.GROUP, given));
    assertThat(settings.kinesisEndpoint()).isNull();
    assertThat(settings.alertTiming().closeAfter()).isEqualTo(Duration.ofMinutes(2));
  }

  @Test
  void refusesARecordThatFirehoseWouldNotTake() {
    given.setProperty("firehose.record.bytes", "512000");
    assertThat(Settings.from(Map.of(Settings.GROUP, given)).firehoseRecordBytes())
        .isEqualTo(512_000);
    for (String wrong : new String[] {"-1", "1000001", "many", ""}) {
      given.setProperty("firehose.record.bytes", wrong);
      assertThatThrownBy(() -> Settings.from(Map.of(Settings.GROUP, given)))
          .hasMessage(
              "The property firehose.record.bytes of weather-analytics is "
                  + wrong
                  + ", not a number from 0 to 1000000.");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "aws.region",
        "input.stream.arn",
        "alerts.stream.arn",
        "averages.delivery.stream",
        "errors.delivery.stream",
        "stations.uri"
      })
  void namesWhatIsMissing(String key) {
    given.remove(key);
    assertThatThrownBy(() -> Settings.from(Map.of(Settings.GROUP, given)))
        .hasMessage("The property " + key + " of weather-analytics is missing.");
  }
}
