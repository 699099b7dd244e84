package weather.analytics.kinesis;

import java.io.IOException;
import java.time.Duration;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.kinesis.model.KmsThrottlingException;
import software.amazon.awssdk.services.kinesis.model.LimitExceededException;

/**
 * The failures in a row of one kind of call. Throttling and faults of the service or the network
 * pass, and may last. What is left needs a person: no credentials, no permission, a key that is
 * disabled. It may be a change on its way, so the job fails only after minutes.
 */
final class Outage {
  static final Duration PATIENCE = Duration.ofMinutes(5);

  private static final Logger LOG = LoggerFactory.getLogger(Outage.class);

  private final String task;
  private final LongSupplier nanoTime;
  private boolean failing;

  /** {@code null} while all failures are of the passing kind. */
  private Long refusedSinceNanos;

  /**
   * @param task for the log: "read shard X"
   */
  Outage(String task, LongSupplier nanoTime) {
    this.task = task;
    this.nanoTime = nanoTime;
  }

  void end() {
    if (failing) {
      LOG.info("Can {} again.", task);
    }
    failing = false;
    refusedSinceNanos = null;
  }

  /**
   * @throws IOException when a person must help, and did not for {@link #PATIENCE}
   */
  void add(SdkException failure) throws IOException {
    if (!failing) {
      LOG.warn("Cannot {}, trying again: {}", task, failure.getMessage());
    }
    failing = true;
    if (isPassing(failure)) {
      return;
    }
    long now = nanoTime.getAsLong();
    if (refusedSinceNanos == null) {
      refusedSinceNanos = now;
    }
    if (now - refusedSinceNanos > PATIENCE.toNanos()) {
      throw new IOException(
          "Cannot " + task + " since " + PATIENCE.toMinutes() + " min: " + failure.getMessage(),
          failure);
    }
  }

  private static boolean isPassing(SdkException failure) {
    return failure.retryable()
        || failure instanceof LimitExceededException
        || failure instanceof KmsThrottlingException
        || failure instanceof AwsServiceException service
            && (service.isThrottlingException() || service.statusCode() >= 500)
        || isOfTheNetwork(failure);
  }

  private static boolean isOfTheNetwork(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof IOException) {
        return true;
      }
    }
    return false;
  }
}
