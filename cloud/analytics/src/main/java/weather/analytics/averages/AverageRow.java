package weather.analytics.averages;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import java.math.BigDecimal;

/**
 * One row per reading r, over the readings of its station in the closed interval [t - 60 s, t] of
 * event time: {@code AverageRow} of {@code cloud/rows.ts}.
 */
@JsonPropertyOrder({
  "deviceid",
  "weatherstationname",
  "min_datetime",
  "avg_temperature",
  "avg_humidity",
  "msg_count",
  "datetime",
  "epoch",
  "seq",
  "revision"
})
public class AverageRow {
  public String deviceid;
  public String weatherstationname;

  @JsonProperty("min_datetime")
  public String minDatetime;

  /** °C, one decimal. */
  @JsonProperty("avg_temperature")
  public BigDecimal avgTemperature;

  /** %RH, one decimal. */
  @JsonProperty("avg_humidity")
  public BigDecimal avgHumidity;

  @JsonProperty("msg_count")
  public int msgCount;

  public String datetime;
  public String epoch;
  public Long seq;
  public int revision;
}
