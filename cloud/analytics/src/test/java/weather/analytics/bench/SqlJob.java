package weather.analytics.bench;

import java.math.BigDecimal;
import java.time.Instant;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.Schema;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;
import org.apache.flink.types.Row;
import weather.analytics.averages.AverageRow;
import weather.analytics.readings.Reading;

/**
 * The averages as plain Flink SQL has them: OVER RANGE on event time, with a watermark five seconds
 * behind.
 */
final class SqlJob {
  private static final String QUERY =
      """
      SELECT deviceid, weatherstationname, seq, `at`,
        COUNT(*) OVER lastMinute AS msg_count,
        AVG(CAST(temperature AS DECIMAL(10, 4))) OVER lastMinute AS avg_temperature
      FROM readings
      WINDOW lastMinute AS (
        PARTITION BY deviceid, weatherstationname ORDER BY `at`
        RANGE BETWEEN INTERVAL '1' MINUTE PRECEDING AND CURRENT ROW)""";

  private SqlJob() {}

  static DataStream<AverageRow> build(
      StreamTableEnvironment tables,
      DataStream<Reading> readings,
      WatermarkStrategy<Reading> watermarks) {
    DataStream<Row> rows =
        readings
            .assignTimestampsAndWatermarks(watermarks)
            .map(
                r ->
                    Row.of(
                        r.deviceid,
                        r.weatherstationname,
                        r.seq,
                        r.temperature,
                        Instant.ofEpochMilli(r.atMs)))
            .returns(
                Types.ROW_NAMED(
                    new String[] {"deviceid", "weatherstationname", "seq", "temperature", "taken"},
                    Types.STRING,
                    Types.STRING,
                    Types.LONG,
                    Types.DOUBLE,
                    Types.INSTANT));
    tables.createTemporaryView(
        "readings",
        rows,
        Schema.newBuilder()
            .column("deviceid", DataTypes.STRING())
            .column("weatherstationname", DataTypes.STRING())
            .column("seq", DataTypes.BIGINT())
            .column("temperature", DataTypes.DOUBLE())
            .columnByMetadata("at", DataTypes.TIMESTAMP_LTZ(3), "rowtime")
            .watermark("at", "SOURCE_WATERMARK()")
            .build());
    return tables.toDataStream(tables.sqlQuery(QUERY)).map(SqlJob::row);
  }

  private static AverageRow row(Row row) {
    AverageRow average = new AverageRow();
    average.deviceid = row.getFieldAs("deviceid");
    average.seq = row.getFieldAs("seq");
    average.msgCount = Math.toIntExact(row.<Long>getFieldAs("msg_count"));
    BigDecimal mean = row.getFieldAs("avg_temperature");
    average.avgTemperature = mean.setScale(1, java.math.RoundingMode.HALF_UP);
    return average;
  }
}
