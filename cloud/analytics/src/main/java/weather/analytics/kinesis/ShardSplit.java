package weather.analytics.kinesis;

import org.apache.flink.api.connector.source.SourceSplit;

/**
 * A shard and how far it was read.
 *
 * @param position sequence number of the last record read; {@link #START} before the first, {@link
 *     #END} when the shard was closed and read to its end
 */
record ShardSplit(String shardId, String position) implements SourceSplit {
  static final String START = "TRIM_HORIZON";
  static final String END = "SHARD_END";

  @Override
  public String splitId() {
    return shardId;
  }

  boolean isFinished() {
    return position.equals(END);
  }
}
