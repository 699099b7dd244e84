package weather.analytics.sinks;

import java.io.Serializable;
import java.util.List;

/** A service that takes entries in batches, and may take some of a batch only. */
public interface BatchTarget extends AutoCloseable {
  /**
   * @return the entries that must be sent again
   * @throws software.amazon.awssdk.core.exception.SdkException when none was taken
   */
  List<BatchEntry> put(List<BatchEntry> entries);

  @Override
  void close();

  /** Opens the target where the sink runs. */
  interface Factory extends Serializable {
    BatchTarget open();
  }
}
