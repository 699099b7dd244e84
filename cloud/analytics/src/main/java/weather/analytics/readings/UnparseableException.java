package weather.analytics.readings;

/** A reading that breaks the contract; the message is one sentence for a person. */
final class UnparseableException extends Exception {
  UnparseableException(String message) {
    super(message);
  }
}
