package weather.analytics;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import weather.analytics.readings.Datetimes;

/** What the job could not take or had to doubt: {@code ErrorRow} of {@code cloud/rows.ts}. */
@JsonPropertyOrder({"reason", "detail", "payload", "seen"})
public class ErrorRow {
  public static final String UNPARSEABLE = "unparseable";
  public static final String FUTURE = "future";
  public static final String UNKNOWN_DEVICE = "unknown-device";

  private static final int LONGEST_PAYLOAD = 10_000;

  public String reason;

  /** One sentence for a person. */
  public String detail;

  /** The record or reading as it came, cut to 10,000 characters. */
  public String payload;

  /** When the job saw it. */
  public String seen;

  public ErrorRow() {}

  /**
   * @param seenMs milliseconds since 1970
   */
  public ErrorRow(String reason, String detail, String payload, long seenMs) {
    this.reason = reason;
    this.detail = detail;
    this.payload =
        payload.length() > LONGEST_PAYLOAD ? payload.substring(0, LONGEST_PAYLOAD) : payload;
    this.seen = Datetimes.format(seenMs);
  }
}
