package weather.analytics.sinks;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.function.Function;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;

/**
 * Sends rows in batches of records; every row at least once, for each checkpoint waits until all
 * before it are taken.
 *
 * @param recordBytes a record takes rows up to this size; 0 for a record of each row. The rows of a
 *     record go by the partition key of the first
 */
public record BatchSink<T>(
    BatchTarget.Factory target, PartitionKey<T> partitionKey, RowFormat<T> format, int recordBytes)
    implements Sink<T> {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Rows with the same key keep their order. */
  public interface PartitionKey<T> extends Function<T, String>, Serializable {}

  /** A row as it is sent. */
  public interface RowFormat<T> extends Serializable {
    byte[] bytes(T row);
  }

  public static byte[] json(Object row) {
    return jsonText(row).getBytes(StandardCharsets.UTF_8);
  }

  /** Firehose joins what it is given, so a row must end its line itself. */
  public static byte[] jsonLine(Object row) {
    return line(jsonText(row));
  }

  public static byte[] line(String row) {
    return (row + "\n").getBytes(StandardCharsets.UTF_8);
  }

  private static String jsonText(Object row) {
    try {
      return JSON.writeValueAsString(row);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("A row is no JSON", e);
    }
  }

  @Override
  public SinkWriter<T> createWriter(WriterInitContext context) {
    return new BatchWriter<>(this, context.getProcessingTimeService(), context.metricGroup());
  }
}
