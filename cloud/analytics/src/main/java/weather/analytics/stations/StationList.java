package weather.analytics.stations;

import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.dataformat.csv.CsvMapper;
import com.fasterxml.jackson.dataformat.csv.CsvParser;
import com.fasterxml.jackson.dataformat.csv.CsvSchema;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

/** The station file's contents: CSV with the header {@code deviceid,weatherstationname}. */
final class StationList {
  private static final String DEVICE = "deviceid";
  private static final String NAME = "weatherstationname";
  private static final ObjectReader CSV =
      CsvMapper.builder()
          .enable(CsvParser.Feature.TRIM_SPACES)
          .enable(CsvParser.Feature.SKIP_EMPTY_LINES)
          .build()
          .readerForMapOf(String.class)
          .with(CsvSchema.emptySchema().withHeader());

  private StationList() {}

  /**
   * Names by device id.
   *
   * @throws IOException when it is no such file; an older list is then better than this one
   */
  static Map<String, String> parse(byte[] file) throws IOException {
    Map<String, String> names = new HashMap<>();
    try (MappingIterator<Map<String, String>> rows = CSV.readValues(file)) {
      while (rows.hasNextValue()) {
        Map<String, String> row = rows.nextValue();
        String name = row.get(NAME);
        if (row.get(DEVICE) == null || name == null) {
          throw new IOException(
              "A row of the station file lacks " + DEVICE + " or " + NAME + ": " + row);
        }
        names.put(row.get(DEVICE), name);
      }
    }
    return Map.copyOf(names);
  }
}
