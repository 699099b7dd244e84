package weather.analytics;

import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.DataStreamUtils;
import org.apache.flink.streaming.api.datastream.KeyedStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import weather.analytics.alerts.AlertRow;
import weather.analytics.alerts.AlertTiming;
import weather.analytics.alerts.AlertWindows;
import weather.analytics.averages.AverageRow;
import weather.analytics.averages.RollingAverages;
import weather.analytics.readings.Deduplication;
import weather.analytics.readings.Intake;
import weather.analytics.readings.Reading;

/**
 * How the operators are joined, whatever the ends are. The uids tie a savepoint's state to the
 * operators: never change one.
 */
public final class Topology {
  /**
   * Where the rows go.
   *
   * @param readings the distinct ones; {@code null} where a topic rule delivers the readings
   */
  public record Sinks(
      Sink<AverageRow> averages,
      Sink<AlertRow> alerts,
      Sink<ErrorRow> errors,
      Sink<Reading> readings) {}

  private Topology() {}

  public static void build(
      DataStream<byte[]> records, Intake intake, AlertTiming timing, Sinks sinks) {
    SingleOutputStreamOperator<Reading> readings =
        records.process(intake).uid("intake").name("Intake");
    SingleOutputStreamOperator<Reading> distinct =
        readings
            .keyBy(reading -> reading.deviceid)
            .process(new Deduplication())
            .uid("deduplication")
            .name("Deduplication");
    if (sinks.readings() != null) {
      distinct.sinkTo(sinks.readings()).uid("readings-sink").name("Readings to Firehose");
    }
    // The readings are where their station's state is already; a second keyBy would only copy them.
    KeyedStream<Reading, String> byStation =
        DataStreamUtils.reinterpretAsKeyedStream(distinct, reading -> reading.deviceid);

    byStation
        .process(new RollingAverages())
        .uid("averages")
        .name("Rolling averages")
        .sinkTo(sinks.averages())
        .uid("averages-sink")
        .name("Averages to Firehose");
    byStation
        .process(new AlertWindows(timing))
        .uid("alerts")
        .name("Alert windows")
        .sinkTo(sinks.alerts())
        .uid("alerts-sink")
        .name("Alerts to Kinesis");
    readings
        .getSideOutput(Intake.ERRORS)
        .sinkTo(sinks.errors())
        .uid("errors-sink")
        .name("Errors to Firehose");
  }
}
