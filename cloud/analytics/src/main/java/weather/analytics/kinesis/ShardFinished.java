package weather.analytics.kinesis;

import org.apache.flink.api.connector.source.SourceEvent;

/** A reader's word that a closed shard is read to its end: its children may be read now. */
record ShardFinished(String shardId) implements SourceEvent {}
