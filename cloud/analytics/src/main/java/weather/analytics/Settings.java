package weather.analytics;

import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import weather.analytics.alerts.AlertTiming;
import weather.analytics.kinesis.KinesisConnection;

/**
 * The job's runtime properties: {@code cloud/analytics-properties.ts}. The optional ones are for
 * runs without AWS.
 *
 * @param readingsDeliveryStream {@code null} where a topic rule delivers the readings
 * @param firehoseRecordBytes a Firehose record takes rows up to this size; 0 for a record of each
 * @param kinesisEndpoint {@code null} for AWS's own
 * @param firehoseEndpoint {@code null} for AWS's own
 */
public record Settings(
    String region,
    String inputStreamArn,
    String alertsStreamArn,
    String averagesDeliveryStream,
    String errorsDeliveryStream,
    String readingsDeliveryStream,
    int firehoseRecordBytes,
    URI stationsUri,
    Duration stationsReload,
    AlertTiming alertTiming,
    URI kinesisEndpoint,
    URI firehoseEndpoint) {
  /** Firehose's own limit is 1,000 KiB. */
  private static final int MAX_RECORD_BYTES = 1_000_000;

  public static final String GROUP = "weather-analytics";

  /**
   * @param groups as Managed Flink gives them
   * @throws IllegalArgumentException when a property is missing
   */
  public static Settings from(Map<String, Properties> groups) {
    Properties given = groups.get(GROUP);
    if (given == null) {
      throw new IllegalArgumentException("There is no property group " + GROUP + ".");
    }
    return new Settings(
        required(given, "aws.region"),
        required(given, "input.stream.arn"),
        required(given, "alerts.stream.arn"),
        required(given, "averages.delivery.stream"),
        required(given, "errors.delivery.stream"),
        given.getProperty("readings.delivery.stream"),
        recordBytes(given),
        URI.create(required(given, "stations.uri")),
        seconds(given, "stations.reload.seconds", Duration.ofMinutes(1)),
        AlertTiming.closingAfter(seconds(given, "alerts.close.seconds", AlertTiming.WIDTH)),
        endpoint(given, "kinesis.endpoint"),
        endpoint(given, "firehose.endpoint"));
  }

  public KinesisConnection kinesis() {
    return new KinesisConnection(region, kinesisEndpoint);
  }

  private static String required(Properties given, String key) {
    String value = given.getProperty(key, "").strip();
    if (value.isEmpty()) {
      throw new IllegalArgumentException("The property " + key + " of " + GROUP + " is missing.");
    }
    return value;
  }

  private static Duration seconds(Properties given, String key, Duration otherwise) {
    String value = given.getProperty(key);
    return value == null ? otherwise : Duration.ofSeconds(Long.parseLong(value.strip()));
  }

  private static int recordBytes(Properties given) {
    String value = given.getProperty("firehose.record.bytes", "0").strip();
    int bytes = value.matches("\\d{1,7}") ? Integer.parseInt(value) : -1;
    if (bytes < 0 || bytes > MAX_RECORD_BYTES) {
      throw new IllegalArgumentException(
          "The property firehose.record.bytes of %s is %s, not a number from 0 to %d."
              .formatted(GROUP, value, MAX_RECORD_BYTES));
    }
    return bytes;
  }

  private static URI endpoint(Properties given, String key) {
    String value = given.getProperty(key);
    return value == null ? null : URI.create(value.strip());
  }
}
