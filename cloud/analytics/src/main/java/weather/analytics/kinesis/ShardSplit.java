package weather.analytics.kinesis;

import java.io.IOException;
import org.apache.flink.api.connector.source.SourceSplit;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;

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

  /** A split as it stands in a savepoint. */
  static final class Serializer implements SimpleVersionedSerializer<ShardSplit> {
    private static final int VERSION = 1;

    @Override
    public int getVersion() {
      return VERSION;
    }

    @Override
    public byte[] serialize(ShardSplit split) throws IOException {
      DataOutputSerializer out = new DataOutputSerializer(128);
      out.writeUTF(split.shardId());
      out.writeUTF(split.position());
      return out.getCopyOfBuffer();
    }

    @Override
    public ShardSplit deserialize(int version, byte[] serialized) throws IOException {
      if (version != VERSION) {
        throw new IOException("Unknown version of a shard's position: " + version);
      }
      DataInputDeserializer in = new DataInputDeserializer(serialized);
      return new ShardSplit(in.readUTF(), in.readUTF());
    }
  }
}
