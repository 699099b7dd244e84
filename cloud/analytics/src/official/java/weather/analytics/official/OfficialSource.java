package weather.analytics.official;

import org.apache.flink.api.common.serialization.AbstractDeserializationSchema;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.kinesis.source.KinesisStreamsSource;
import org.apache.flink.connector.kinesis.source.config.KinesisSourceConfigOptions;
import org.apache.flink.connector.kinesis.source.config.KinesisSourceConfigOptions.InitialPosition;
import weather.analytics.Settings;
import weather.analytics.WeatherAnalytics;

/**
 * Apache's own connector. Written against the sources of flink-connector-aws 6.0; never compiled
 * where this project is built, because its artifact is not served there.
 */
public final class OfficialSource implements WeatherAnalytics.OtherSource {
  private static final class Bytes extends AbstractDeserializationSchema<byte[]> {
    @Override
    public byte[] deserialize(byte[] record) {
      return record;
    }
  }

  @Override
  public Source<byte[], ?, ?> of(Settings settings) {
    Configuration configuration = new Configuration();
    configuration.set(
        KinesisSourceConfigOptions.STREAM_INITIAL_POSITION, InitialPosition.TRIM_HORIZON);
    configuration.setString("aws.region", settings.region());
    if (settings.kinesisEndpoint() != null) {
      configuration.setString("aws.endpoint", settings.kinesisEndpoint().toString());
    }
    return KinesisStreamsSource.<byte[]>builder()
        .setStreamArn(settings.inputStreamArn())
        .setSourceConfig(configuration)
        .setDeserializationSchema(new Bytes())
        .build();
  }

  @Override
  public String uid() {
    return "readings-source-official";
  }
}
