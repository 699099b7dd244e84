package weather.analytics.alerts;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;

/** One row per alert window: {@code AlertRow} of {@code cloud/rows.ts}. */
@JsonPropertyOrder({
  "alertid",
  "deviceid",
  "weatherstationname",
  "count",
  "min_temperature",
  "max_temperature",
  "first_datetime",
  "last_datetime",
  "late"
})
public class AlertRow {
  /** The same for every repetition of the same alert. */
  public String alertid;

  public String deviceid;
  public String weatherstationname;
  public int count;

  /** °C. */
  @JsonProperty("min_temperature")
  public double minTemperature;

  /** °C. */
  @JsonProperty("max_temperature")
  public double maxTemperature;

  @JsonProperty("first_datetime")
  public String firstDatetime;

  @JsonProperty("last_datetime")
  public String lastDatetime;

  public boolean late;
}
