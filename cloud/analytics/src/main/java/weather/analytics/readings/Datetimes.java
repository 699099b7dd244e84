package weather.analytics.readings;

import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.time.format.ResolverStyle;

/** The contract's datetime: UTC, to the second, {@code 2020-05-20 14:58:28}. */
public final class Datetimes {
  private static final DateTimeFormatter FORMAT =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss").withResolverStyle(ResolverStyle.STRICT);

  private static final int LENGTH = "2020-05-20 14:58:28".length();

  private Datetimes() {}

  /**
   * Milliseconds since 1970.
   *
   * @throws DateTimeParseException for anything else, also for 30 February and for a year that no
   *     table holds: the formatter would take a sign and nine digits
   */
  public static long parse(String datetime) {
    if (datetime.length() != LENGTH || datetime.startsWith("0000")) {
      throw new DateTimeParseException("No year from 0001 to 9999", datetime, 0);
    }
    return LocalDateTime.parse(datetime, FORMAT).toInstant(ZoneOffset.UTC).toEpochMilli();
  }

  public static String format(long atMs) {
    return FORMAT.format(Instant.ofEpochMilli(atMs).atOffset(ZoneOffset.UTC));
  }
}
