package weather.analytics.readings;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.util.Collector;
import org.apache.flink.util.OutputTag;
import weather.analytics.ErrorRow;
import weather.analytics.Metrics;
import weather.analytics.stations.StationDirectory;
import weather.analytics.stations.StationFile;

/**
 * Takes records in: parses them, refuses readings from the future and names their stations. An
 * unknown device's reading passes without a name, and is reported; so many reports a station and
 * hour, the others are counted.
 */
public final class Intake extends ProcessFunction<byte[], Reading> {
  public static final OutputTag<ErrorRow> ERRORS = new OutputTag<>("errors") {};

  /** A clock may be this far ahead of ours. */
  private static final Duration TOLERANCE = Duration.ofMinutes(5);

  private final URI stationsUri;
  private final String region;
  private final Duration reloadEvery;
  private final boolean keepsPayloads;
  private transient StationDirectory stations;
  private transient Counter unparseable;
  private transient Counter future;
  private transient Counter unknownDevice;
  private transient Counter errorRowsDropped;
  private transient ErrorBudget budget;

  /**
   * @param keepsPayloads whether readings carry their JSON, for delivery
   */
  public Intake(URI stationsUri, String region, Duration reloadEvery, boolean keepsPayloads) {
    this.stationsUri = stationsUri;
    this.region = region;
    this.reloadEvery = reloadEvery;
    this.keepsPayloads = keepsPayloads;
  }

  @Override
  public void open(OpenContext context) throws IOException {
    unparseable = Metrics.counter(getRuntimeContext(), "unparseable");
    future = Metrics.counter(getRuntimeContext(), "future");
    unknownDevice = Metrics.counter(getRuntimeContext(), "unknownDevice");
    errorRowsDropped = Metrics.counter(getRuntimeContext(), "errorRowsDropped");
    budget = new ErrorBudget();
    stations =
        new StationDirectory(
            StationFile.at(stationsUri, region),
            reloadEvery,
            Metrics.counter(getRuntimeContext(), "stationReloadsFailed"));
    Metrics.group(getRuntimeContext()).gauge("stations", (Gauge<Integer>) stations::size);
  }

  @Override
  public void processElement(byte[] record, Context context, Collector<Reading> out) {
    long now = context.timerService().currentProcessingTime();
    RecordParser.parse(
        record,
        new RecordParser.Outcome() {
          @Override
          public void reading(Reading reading, JsonNode payload) {
            if (reading.atMs > now + TOLERANCE.toMillis()) {
              future.inc();
              String detail = "datetime is %d s ahead.".formatted((reading.atMs - now) / 1000);
              report(reading.deviceid, ErrorRow.FUTURE, detail, payload.toString());
              return;
            }
            reading.weatherstationname = stations.nameOf(reading.deviceid);
            if (reading.weatherstationname == null) {
              unknownDevice.inc();
              String detail = "The station file does not know " + reading.deviceid + ".";
              report(reading.deviceid, ErrorRow.UNKNOWN_DEVICE, detail, payload.toString());
            }
            if (keepsPayloads) {
              reading.payload = payload.toString();
            }
            out.collect(reading);
          }

          @Override
          public void unparseable(String deviceid, String detail, String payload) {
            unparseable.inc();
            report(deviceid, ErrorRow.UNPARSEABLE, detail, payload);
          }

          private void report(String deviceid, String reason, String detail, String payload) {
            if (budget.allows(deviceid, now)) {
              context.output(ERRORS, new ErrorRow(reason, detail, payload, now));
            } else {
              errorRowsDropped.inc();
            }
          }
        });
  }

  @Override
  public void close() {
    if (stations != null) {
      stations.close();
    }
  }
}
