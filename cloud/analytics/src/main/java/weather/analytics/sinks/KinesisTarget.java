package weather.analytics.sinks;

import java.util.List;
import java.util.stream.IntStream;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.PutRecordsRequestEntry;
import software.amazon.awssdk.services.kinesis.model.PutRecordsResultEntry;
import weather.analytics.kinesis.KinesisConnection;

/** A Kinesis stream. */
public record KinesisTarget(KinesisClient kinesis, String streamArn) implements BatchTarget {
  public static BatchTarget.Factory factory(KinesisConnection connection, String streamArn) {
    return () -> new KinesisTarget(connection.open(), streamArn);
  }

  @Override
  public List<BatchEntry> put(List<BatchEntry> entries) {
    List<PutRecordsRequestEntry> records =
        entries.stream()
            .map(
                entry ->
                    PutRecordsRequestEntry.builder()
                        .partitionKey(entry.partitionKey())
                        .data(SdkBytes.fromByteArrayUnsafe(entry.bytes()))
                        .build())
            .toList();
    List<PutRecordsResultEntry> results =
        kinesis.putRecords(request -> request.streamARN(streamArn).records(records)).records();
    return IntStream.range(0, entries.size())
        .filter(n -> results.get(n).errorCode() != null)
        .mapToObj(entries::get)
        .toList();
  }

  @Override
  public void close() {
    kinesis.close();
  }
}
