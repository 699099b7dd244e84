package weather.analytics.stations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.SimpleCounter;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import weather.analytics.local.Await;

class StationDirectoryTest {
  private final Counter failures = new SimpleCounter();

  @TempDir Path directory;
  private Path file;

  @BeforeEach
  void writeFile() throws IOException {
    file = directory.resolve("stations.csv");
    Files.writeString(file, "deviceid,weatherstationname\n1,UK-Worthing\n\n2, UK-Lancing \n");
  }

  private StationDirectory open() throws IOException {
    return new StationDirectory(
        StationFile.at(file.toUri(), "us-east-1"), Duration.ofMillis(20), failures);
  }

  @Test
  void takesAChangedFileWhileItRuns() throws Exception {
    try (StationDirectory stations = open()) {
      assertThat(stations.nameOf("1")).isEqualTo("UK-Worthing");
      assertThat(stations.nameOf("2")).isEqualTo("UK-Lancing");
      assertThat(stations.nameOf("3")).isNull();

      Files.writeString(file, "deviceid,weatherstationname\n3,UK-Hove\n");
      Await.until("the new file is read", () -> "UK-Hove".equals(stations.nameOf("3")));
      assertThat(stations.nameOf("1")).isNull();
      assertThat(stations.size()).isEqualTo(1);
    }
  }

  @Test
  void keepsItsNamesWhileTheFileIsGoneOrBroken() throws Exception {
    try (StationDirectory stations = open()) {
      Files.delete(file);
      Await.until("a reload has failed", () -> failures.getCount() > 0);
      assertThat(stations.nameOf("1")).isEqualTo("UK-Worthing");

      Files.writeString(file, "id,name\n1,Elsewhere\n");
      long before = failures.getCount();
      Await.until("a reload has failed again", () -> failures.getCount() > before + 1);
      assertThat(stations.nameOf("1")).isEqualTo("UK-Worthing");
    }
  }

  @Test
  void takesAFileAgainThatSomebodyHadEmptied() throws Exception {
    try (StationDirectory stations = open()) {
      Files.writeString(file, "\n\n");
      Await.until("a reload has failed", () -> failures.getCount() > 0);
      assertThat(stations.nameOf("1")).isEqualTo("UK-Worthing");

      Files.writeString(file, "deviceid,weatherstationname\n3,UK-Hove\n");
      Await.until("the new file is read", () -> "UK-Hove".equals(stations.nameOf("3")));
    }
  }

  @Test
  void leavesOutANameThatTheWarehouseWouldRefuse() throws Exception {
    String longest = "\uD83C\uDF27".repeat(128);
    Files.writeString(
        file, "deviceid,weatherstationname\n1,%s\n2,%sx\n3,a\u0000b\n".formatted(longest, longest));
    try (StationDirectory stations = open()) {
      assertThat(stations.nameOf("1")).isEqualTo(longest);
      assertThat(stations.nameOf("2")).isNull();
      assertThat(stations.nameOf("3")).isNull();
    }
  }

  @Test
  void leavesOutABadLineAndKeepsTheOthers() throws Exception {
    Files.writeString(
        file,
        "deviceid,weatherstationname,timezone\n1,UK-Worthing,Europe/London\n2\n3,\"UK\n4,  ,\n5,UK-Hove\n");
    try (StationDirectory stations = open()) {
      assertThat(stations.nameOf("1")).isEqualTo("UK-Worthing");
      assertThat(stations.nameOf("5")).isEqualTo("UK-Hove");
      assertThat(stations.nameOf("2")).isNull();
      assertThat(stations.nameOf("4")).isNull();
    }
  }

  @Test
  void readsWhatASpreadsheetWrites() throws Exception {
    Files.writeString(
        file,
        "\uFEFF\"deviceid\",\"weatherstationname\" , \"timezone\"\r\n\"1\",\"UK, Worthing\",\"\"\r\n");
    try (StationDirectory stations = open()) {
      assertThat(stations.nameOf("1")).isEqualTo("UK, Worthing");
    }
  }

  @Test
  void startsWithTheHeaderAlone() throws Exception {
    Files.writeString(file, "deviceid,weatherstationname,timezone\n");
    try (StationDirectory stations = open()) {
      assertThat(stations.size()).isZero();
    }
  }

  @Test
  void doesNotStartWithoutAFile() throws Exception {
    Files.delete(file);
    assertThatThrownBy(this::open).isInstanceOf(IOException.class);
  }
}
