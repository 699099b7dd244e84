package weather.analytics.stations;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;

/**
 * Where the station file is: {@code s3://bucket/key}; for runs without AWS also {@code file:} and
 * {@code http:}.
 */
public interface StationFile extends AutoCloseable {
  /**
   * The whole file.
   *
   * @throws IOException when it cannot be read now
   */
  byte[] read() throws IOException;

  @Override
  void close();

  static StationFile at(URI uri, String region) {
    return "s3".equals(uri.getScheme()) ? new OnS3(uri, region) : new AtUrl(uri);
  }

  /** An object on S3. */
  final class OnS3 implements StationFile {
    private final URI uri;
    private final S3Client s3;

    OnS3(URI uri, String region) {
      this.uri = uri;
      this.s3 =
          S3Client.builder()
              .region(Region.of(region))
              .httpClient(UrlConnectionHttpClient.create())
              .build();
    }

    @Override
    public byte[] read() throws IOException {
      try {
        return s3.getObjectAsBytes(
                object -> object.bucket(uri.getHost()).key(uri.getPath().substring(1)))
            .asByteArray();
      } catch (SdkException e) {
        throw new IOException("Cannot read " + uri + ": " + e.getMessage(), e);
      }
    }

    @Override
    public void close() {
      s3.close();
    }
  }

  /** Anything the JDK opens. */
  record AtUrl(URI uri) implements StationFile {
    @Override
    public byte[] read() throws IOException {
      try (InputStream in = uri.toURL().openStream()) {
        return in.readAllBytes();
      }
    }

    @Override
    public void close() {}
  }
}
