package weather.analytics.sinks;

import java.net.URI;
import java.util.List;
import java.util.stream.IntStream;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.firehose.FirehoseClient;
import software.amazon.awssdk.services.firehose.model.PutRecordBatchResponseEntry;
import software.amazon.awssdk.services.firehose.model.Record;

/** A Firehose delivery stream. */
public record FirehoseTarget(FirehoseClient firehose, String deliveryStream)
    implements BatchTarget {
  /**
   * @param endpoint {@code null} for AWS's own
   */
  public static BatchTarget.Factory factory(String region, URI endpoint, String deliveryStream) {
    return () ->
        new FirehoseTarget(
            FirehoseClient.builder()
                .region(Region.of(region))
                .endpointOverride(endpoint)
                .httpClient(UrlConnectionHttpClient.create())
                .build(),
            deliveryStream);
  }

  @Override
  public List<BatchEntry> put(List<BatchEntry> entries) {
    List<Record> records =
        entries.stream()
            .map(
                entry -> Record.builder().data(SdkBytes.fromByteArrayUnsafe(entry.bytes())).build())
            .toList();
    List<PutRecordBatchResponseEntry> results =
        firehose
            .putRecordBatch(request -> request.deliveryStreamName(deliveryStream).records(records))
            .requestResponses();
    return IntStream.range(0, entries.size())
        .filter(n -> results.get(n).errorCode() != null)
        .mapToObj(entries::get)
        .toList();
  }

  @Override
  public void close() {
    firehose.close();
  }
}
