package weather.analytics.stations;

import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.dataformat.csv.CsvMapper;
import com.fasterxml.jackson.dataformat.csv.CsvParser;
import com.fasterxml.jackson.dataformat.csv.CsvSchema;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;

/** The station file's contents: CSV with the header {@code deviceid,weatherstationname}. */
final class StationList {
  private static final String DEVICE = "deviceid";
  private static final String NAME = "weatherstationname";

  /** As the operator's commands take it; the warehouse has 512 bytes for a name, and no NUL. */
  private static final Pattern TAKEN = Pattern.compile("[^\\p{Cc}\\p{Zl}\\p{Zp}]{1,128}");

  private static final ObjectReader CSV =
      CsvMapper.builder()
          .enable(CsvParser.Feature.TRIM_SPACES)
          .enable(CsvParser.Feature.SKIP_EMPTY_LINES)
          .build()
          .readerForMapOf(String.class)
          .with(CsvSchema.emptySchema().withHeader());

  private StationList() {}

  /**
   * Names by device id. A line that is none, or lacks one of the two, is left out: it must not cost
   * the others their names.
   *
   * @throws IOException when the file has no such header; an older list is then better than this
   *     one
   */
  static Map<String, String> parse(byte[] file) throws IOException {
    String[] lines =
        new String(file, StandardCharsets.UTF_8).replace("\uFEFF", "").split("\r?\n", -1);
    // Spreadsheets write the names of columns in quotes, too.
    Map<String, String> header = row(lines[0], lines[0]);
    if (!header.containsKey(DEVICE) || !header.containsKey(NAME)) {
      throw new IOException("The station file has no header with " + DEVICE + " and " + NAME + ".");
    }
    Map<String, String> names = new HashMap<>();
    for (String line : lines) {
      Map<String, String> row = row(lines[0], line);
      String deviceid = row.getOrDefault(DEVICE, "");
      String name = row.getOrDefault(NAME, "");
      if (line != lines[0]
          && !deviceid.isBlank()
          && !name.isBlank()
          && TAKEN.matcher(name).matches()) {
        names.put(deviceid, name);
      }
    }
    return Map.copyOf(names);
  }

  /** Empty for a line that is no CSV. */
  private static Map<String, String> row(String header, String line) {
    try (MappingIterator<Map<String, String>> rows = CSV.readValues(header + "\n" + line)) {
      return rows.hasNextValue() ? rows.nextValue() : Map.of();
    } catch (IOException e) {
      return Map.of();
    }
  }
}
