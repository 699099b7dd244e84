package weather.analytics.readings;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/** The kinds of field a reading has. Numbers may be numeric strings, as the post sends them. */
final class Fields {
  /** The warehouse's columns are {@code decimal(4,1)}; nothing on Earth comes near. */
  private static final int LARGEST_MEASUREMENT = 999;

  /** Of an IoT thing; what the longest alert id leaves room for. */
  private static final int LONGEST_NAME = 100;

  /** A number's text that is longer is an attack on {@link BigDecimal}, not a measurement. */
  private static final int LONGEST_NUMBER = 40;

  /** As the check of rows has it: neither signs in front nor digits of another script. */
  private static final Pattern NUMBER =
      Pattern.compile("-?\\d{1,40}(\\.\\d{1,40})?([eE][+-]?\\d{1,2})?");

  /** Bytes of the columns {@code epoch}. */
  private static final int LONGEST_EPOCH = 64;

  private static final BigDecimal LARGEST_SEQ = BigDecimal.valueOf((1L << 53) - 1);

  private Fields() {}

  /** A name; a number is taken by its digits. {@code null} when absent and not required. */
  static String text(JsonNode reading, String field, boolean required) throws UnparseableException {
    JsonNode node = reading.path(field);
    if (absent(node)) {
      if (required) {
        throw new UnparseableException(field + " is missing.");
      }
      return null;
    }
    String text = node.asText();
    if (!node.isValueNode() || node.isBoolean() || text.isEmpty() || text.length() > LONGEST_NAME) {
      throw new UnparseableException(
          field + " is not a text of 1 to " + LONGEST_NAME + " characters.");
    }
    return text;
  }

  /** {@code null} when absent. COPY refuses one that its column does not hold. */
  static String epoch(JsonNode reading) throws UnparseableException {
    String text = text(reading, "epoch", false);
    if (text != null
        && (text.getBytes(StandardCharsets.UTF_8).length > LONGEST_EPOCH
            || text.indexOf('\0') >= 0
            || !StandardCharsets.UTF_8.newEncoder().canEncode(text))) {
      throw new UnparseableException("epoch is not a text of 1 to " + LONGEST_EPOCH + " bytes.");
    }
    return text;
  }

  /** A measured value; {@code null} when it was not measured. */
  static Double measurement(JsonNode reading, String field) throws UnparseableException {
    BigDecimal number = number(reading, field);
    if (number == null) {
      return null;
    }
    double value = number.doubleValue();
    if (Math.abs(value) > LARGEST_MEASUREMENT) {
      throw new UnparseableException(field + " is beyond ±" + LARGEST_MEASUREMENT + ": " + value);
    }
    return value;
  }

  static long seq(JsonNode reading, long whenAbsent) throws UnparseableException {
    BigDecimal number = number(reading, "seq");
    if (number == null) {
      return whenAbsent;
    }
    if (number.signum() < 0 || number.compareTo(LARGEST_SEQ) > 0) {
      throw new UnparseableException("seq is not a count: " + reading.get("seq"));
    }
    try {
      return number.longValueExact();
    } catch (ArithmeticException e) {
      throw new UnparseableException("seq is not a whole number: " + reading.get("seq"));
    }
  }

  private static BigDecimal number(JsonNode reading, String field) throws UnparseableException {
    JsonNode node = reading.path(field);
    if (absent(node)) {
      return null;
    }
    String text = node.asText();
    boolean isNumber = node.isNumber() || node.isTextual() && NUMBER.matcher(text).matches();
    if (!isNumber || text.length() > LONGEST_NUMBER) {
      throw new UnparseableException(field + " is not a number: " + node);
    }
    try {
      return new BigDecimal(text);
    } catch (NumberFormatException e) {
      throw new UnparseableException(field + " is not a number: " + node);
    }
  }

  private static boolean absent(JsonNode node) {
    return node.isMissingNode() || node.isNull();
  }
}
