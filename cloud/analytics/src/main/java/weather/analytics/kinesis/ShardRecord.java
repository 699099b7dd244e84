package weather.analytics.kinesis;

/** A record and where it stands in its shard. */
record ShardRecord(String sequenceNumber, byte[] data) {}
