package weather.analytics.kinesis;

import java.util.Set;
import org.apache.flink.api.connector.source.SourceEvent;

/** What the readers and the enumerator say to each other about shards. */
sealed interface ShardEvent extends SourceEvent {
  /** From a reader: it reads these shards, which it was given or has from a checkpoint. */
  record Held(Set<String> shardIds) implements ShardEvent {}

  /** From a reader: this shard was read to its end, so its children may be read. */
  record Finished(String shardId) implements ShardEvent {}

  /** To a reader: a completed checkpoint says that this shard is finished, the reader need not. */
  record Forgotten(String shardId) implements ShardEvent {}
}
