package weather.analytics;

import org.apache.flink.api.common.functions.RuntimeContext;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;

/** The job's own metrics, in the group that Managed Flink sends on to CloudWatch. */
public final class Metrics {
  private Metrics() {}

  public static MetricGroup group(RuntimeContext context) {
    return group(context.getMetricGroup());
  }

  public static MetricGroup group(MetricGroup parent) {
    return parent.addGroup("kinesisanalytics");
  }

  public static Counter counter(RuntimeContext context, String name) {
    return group(context).counter(name);
  }
}
