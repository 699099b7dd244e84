package weather.analytics.kinesis;

import java.io.Serializable;
import java.net.URI;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kinesis.KinesisClient;

/**
 * How to reach Kinesis.
 *
 * @param endpoint {@code null} for AWS's own
 */
public record KinesisConnection(String region, URI endpoint) implements Serializable {
  /** The caller closes it. */
  public KinesisClient open() {
    return KinesisClient.builder()
        .region(Region.of(region))
        .endpointOverride(endpoint)
        .httpClient(UrlConnectionHttpClient.create())
        .build();
  }
}
