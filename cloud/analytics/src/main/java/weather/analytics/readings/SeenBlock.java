package weather.analytics.readings;

/** Which of 64 neighbouring readings of a station were seen; state of {@link Deduplication}. */
public class SeenBlock {
  /** Bit n stands for the block's n-th reading. */
  public long bits;

  /** Processing time of the last new reading, in milliseconds. */
  public long lastNewMs;
}
