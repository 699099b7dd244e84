package weather.analytics.sinks;

import java.io.Serializable;
import java.util.function.Function;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;

/**
 * Sends rows as JSON in batches; every row at least once, for each checkpoint waits until all
 * before it are taken.
 *
 * @param suffix after each row: Firehose joins what it is given, so a row must end its line itself
 */
public record BatchSink<T>(BatchTarget.Factory target, PartitionKey<T> partitionKey, String suffix)
    implements Sink<T> {
  /** Rows with the same key keep their order. */
  public interface PartitionKey<T> extends Function<T, String>, Serializable {}

  @Override
  public SinkWriter<T> createWriter(WriterInitContext context) {
    return new BatchWriter<>(this, context.getProcessingTimeService(), context.metricGroup());
  }
}
