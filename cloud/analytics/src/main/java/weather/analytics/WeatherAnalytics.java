package weather.analytics;

import com.amazonaws.services.kinesisanalytics.runtime.KinesisAnalyticsRuntime;
import java.io.IOException;
import java.util.Map;
import java.util.Properties;
import java.util.ServiceLoader;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import weather.analytics.kinesis.KinesisSource;
import weather.analytics.readings.Intake;
import weather.analytics.readings.Reading;
import weather.analytics.sinks.BatchSink;
import weather.analytics.sinks.BatchTarget;
import weather.analytics.sinks.FirehoseTarget;
import weather.analytics.sinks.KinesisTarget;

/**
 * The job. On Managed Flink it is started without arguments; elsewhere {@code --properties FILE}
 * names a file of property groups like Managed Flink's, and {@code -Dkey=value} sets Flink's
 * configuration.
 */
public final class WeatherAnalytics {
  /**
   * Another source of the readings, found as a service: {@code src/official} has one, for the
   * profile {@code official-source}.
   */
  public interface OtherSource {
    Source<byte[], ?, ?> of(Settings settings);

    /** Of its operator: the state of one source cannot be read by another. */
    String uid();
  }

  private WeatherAnalytics() {}

  public static void main(String[] arguments) throws Exception {
    Configuration configuration = new Configuration();
    String propertiesFile = null;
    for (int n = 0; n < arguments.length; n++) {
      String argument = arguments[n];
      if (argument.equals("--properties") && n + 1 < arguments.length) {
        n++;
        propertiesFile = arguments[n];
      } else if (argument.startsWith("-D") && argument.contains("=")) {
        String[] keyAndValue = argument.substring(2).split("=", 2);
        configuration.setString(keyAndValue[0], keyAndValue[1]);
      } else {
        throw new IllegalArgumentException("Unknown argument " + argument);
      }
    }
    StreamExecutionEnvironment environment =
        StreamExecutionEnvironment.getExecutionEnvironment(configuration);
    build(environment, Settings.from(properties(propertiesFile)));
    environment.execute("weather-analytics");
  }

  private static Map<String, Properties> properties(String file) throws IOException {
    return file == null
        ? KinesisAnalyticsRuntime.getApplicationProperties()
        : KinesisAnalyticsRuntime.getApplicationProperties(file);
  }

  /** Kinesis in, Firehose and Kinesis out. */
  public static void build(StreamExecutionEnvironment environment, Settings settings) {
    OtherSource other = ServiceLoader.load(OtherSource.class).findFirst().orElse(null);
    Source<byte[], ?, ?> source =
        other == null
            ? new KinesisSource(settings.kinesis(), settings.inputStreamArn())
            : other.of(settings);
    DataStream<byte[]> records =
        environment
            .fromSource(
                source,
                WatermarkStrategy.noWatermarks(),
                "Readings from Kinesis",
                PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO)
            .uid(other == null ? "readings-source" : other.uid());
    boolean deliversReadings = settings.readingsDeliveryStream() != null;
    Intake intake =
        new Intake(
            settings.stationsUri(), settings.region(), settings.stationsReload(), deliversReadings);
    int recordBytes = settings.firehoseRecordBytes();
    // Lambdas of their own: of two equal method references Java deserializes the first for both.
    Topology.build(
        records,
        intake,
        settings.alertTiming(),
        new Topology.Sinks(
            new BatchSink<>(
                firehose(settings, settings.averagesDeliveryStream()),
                row -> row.deviceid,
                row -> BatchSink.jsonLine(row),
                recordBytes),
            new BatchSink<>(
                KinesisTarget.factory(settings.kinesis(), settings.alertsStreamArn()),
                row -> row.deviceid,
                row -> BatchSink.json(row),
                0),
            new BatchSink<>(
                firehose(settings, settings.errorsDeliveryStream()),
                row -> row.reason,
                row -> BatchSink.jsonLine(row),
                recordBytes),
            deliversReadings
                ? new BatchSink<Reading>(
                    firehose(settings, settings.readingsDeliveryStream()),
                    reading -> reading.deviceid,
                    reading -> BatchSink.line(reading.payload),
                    recordBytes)
                : null));
  }

  private static BatchTarget.Factory firehose(Settings settings, String deliveryStream) {
    return FirehoseTarget.factory(settings.region(), settings.firehoseEndpoint(), deliveryStream);
  }
}
