package weather.analytics.kinesis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.ConnectException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.flink.connector.base.source.reader.RecordsWithSplitIds;
import org.apache.flink.connector.base.source.reader.splitreader.SplitsAddition;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.kinesis.model.AccessDeniedException;
import software.amazon.awssdk.services.kinesis.model.KinesisException;
import software.amazon.awssdk.services.kinesis.model.KmsDisabledException;
import software.amazon.awssdk.services.kinesis.model.KmsThrottlingException;
import software.amazon.awssdk.services.kinesis.model.LimitExceededException;
import software.amazon.awssdk.services.kinesis.model.ProvisionedThroughputExceededException;
import software.amazon.awssdk.services.kinesis.model.Record;

class ShardFetcherTest {
  private final FakeKinesis kinesis = new FakeKinesis();
  private long nanos;
  private final ReadAge age = new ReadAge(() -> nanos);
  private final ShardFetcher fetcher = new ShardFetcher(kinesis, FakeKinesis.ARN, age, () -> nanos);
  private final List<String> read = new ArrayList<>();
  private final List<String> finished = new ArrayList<>();
  private String shard;

  @BeforeEach
  void readAShard() {
    shard = kinesis.add(null, null);
    take(shard, ShardSplit.START);
  }

  private void take(String shardId, String position) {
    fetcher.handleSplitsChanges(new SplitsAddition<>(List.of(new ShardSplit(shardId, position))));
  }

  /** Once, {@code after} the time before. */
  private void fetch(Duration after) throws IOException {
    nanos += after.toNanos();
    RecordsWithSplitIds<Record> records = fetcher.fetch();
    finished.addAll(records.finishedSplits());
    while (records.nextSplit() != null) {
      for (Record r = records.nextRecordFromSplit(); r != null; r = records.nextRecordFromSplit()) {
        read.add(r.data().asUtf8String());
      }
    }
  }

  private void fetch() throws IOException {
    fetch(Duration.ofSeconds(3));
  }

  @Test
  void readsOnAfterItsIteratorExpired() throws IOException {
    kinesis.put(shard, "a");
    fetch();
    kinesis.expireIterators();
    kinesis.put(shard, "b");
    fetch();
    fetch();
    assertThat(read).containsExactly("a", "b");
    assertThat(finished).isEmpty();
  }

  @Test
  void readsOnFromAPosition() throws IOException {
    Stream.of("a", "b", "c").forEach(text -> kinesis.put(shard, text));
    fetch();
    ShardFetcher other = new ShardFetcher(kinesis, FakeKinesis.ARN, age, () -> nanos);
    other.handleSplitsChanges(new SplitsAddition<>(List.of(new ShardSplit(shard, "000000002"))));
    RecordsWithSplitIds<Record> records = other.fetch();
    assertThat(records.nextSplit()).isEqualTo(shard);
    assertThat(records.nextRecordFromSplit().data().asUtf8String()).isEqualTo("c");
  }

  @Test
  void finishesAClosedShardAtItsEnd() throws IOException {
    kinesis.put(shard, "a");
    kinesis.split(shard);
    fetch();
    fetch();
    assertThat(read).containsExactly("a");
    assertThat(finished).containsExactly(shard);
  }

  @Test
  void finishesAShardThatExpiredWithAndWithoutAnIterator() throws IOException {
    fetch();
    String other = kinesis.add(null, null);
    take(other, "000000001");
    kinesis.expire(shard);
    kinesis.expire(other);
    fetch();
    fetch();
    assertThat(finished).containsExactlyInAnyOrder(shard, other);
  }

  @Test
  void failsWhenTheStreamIsGone() throws IOException {
    fetch();
    kinesis.delete();
    assertThatThrownBy(this::fetch)
        .isInstanceOf(IOException.class)
        .hasMessage("There is no stream " + FakeKinesis.ARN);
  }

  static List<SdkException> passing() {
    return List.of(
        ProvisionedThroughputExceededException.builder()
            .awsErrorDetails(
                AwsErrorDetails.builder()
                    .errorCode("ProvisionedThroughputExceededException")
                    .build())
            .build(),
        LimitExceededException.builder().message("Too many calls").build(),
        KmsThrottlingException.builder().message("Too many keys").build(),
        KinesisException.builder().statusCode(503).build(),
        SdkClientException.create("no network", new ConnectException("refused")));
  }

  @ParameterizedTest
  @MethodSource("passing")
  void waitsForHoursWhereTimeHelps(SdkException failure) throws IOException {
    kinesis.put(shard, "a");
    kinesis.fail(failure);
    for (int hour = 0; hour < 5; hour++) {
      fetch(Duration.ofHours(1));
    }
    assertThat(age.millis()).isEqualTo(Duration.ofHours(5).toMillis());

    kinesis.fail(null);
    fetch();
    assertThat(read).containsExactly("a");
    assertThat(age.millis()).isZero();
  }

  static List<SdkException> lasting() {
    return List.of(
        AccessDeniedException.builder().message("kinesis:GetRecords is not allowed").build(),
        KmsDisabledException.builder().message("The key is disabled").build(),
        KinesisException.builder().statusCode(403).message("The token is invalid").build(),
        SdkClientException.create("Unable to load credentials from any of the providers"));
  }

  @ParameterizedTest
  @MethodSource("lasting")
  void failsAfterMinutesWhereAPersonMustHelp(SdkException failure) throws IOException {
    kinesis.fail(failure);
    fetch();
    fetch(Outage.PATIENCE);
    assertThatThrownBy(this::fetch)
        .isInstanceOf(IOException.class)
        .hasMessageContainingAll("Cannot read " + shard + " since 5 min", failure.getMessage());
  }

  @Test
  void beginsToCountAgainAfterASuccess() throws IOException {
    for (int n = 0; n < 3; n++) {
      kinesis.fail(lasting().get(0));
      fetch();
      fetch(Outage.PATIENCE);
      kinesis.fail(null);
      fetch();
    }
    assertThat(finished).isEmpty();
  }

  @Test
  void givesTheAgeOfTheShardThatIsFurthestBehind() throws IOException {
    Stream.of("a", "b", "c", "d", "e").forEach(text -> kinesis.put(shard, text));
    fetch();
    assertThat(age.millis()).isEqualTo(3000);
    take(kinesis.add(null, null), ShardSplit.START);
    fetch();
    assertThat(age.millis()).isGreaterThanOrEqualTo(3000);
    nanos += Duration.ofMinutes(1).toNanos();
    assertThat(age.millis()).isGreaterThanOrEqualTo(63_000);
  }

  @Test
  void readsAShardWhileAnotherIsRefused() throws IOException {
    String other = kinesis.add(null, null);
    take(other, ShardSplit.START);
    kinesis.fail(passing().get(0));
    fetch(Duration.ZERO);
    kinesis.fail(null);
    kinesis.put(other, "b");
    fetch(Duration.ZERO);
    assertThat(read).as("of a shard that waits for its next try").containsExactly("b");
  }
}
