package weather.analytics.kinesis;

import java.io.IOException;
import java.util.HashSet;
import java.util.Set;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;

/**
 * What the enumerator knows of the stream's shards.
 *
 * @param assigned handed to a reader; savepoints of older versions have the finished ones here too
 * @param finished read to their end, and still listed by Kinesis
 */
record ShardLedger(Set<String> assigned, Set<String> finished) {
  /** The ledger as it stands in a savepoint. */
  static final class Serializer implements SimpleVersionedSerializer<ShardLedger> {
    private static final int VERSION = 1;

    @Override
    public int getVersion() {
      return VERSION;
    }

    @Override
    public byte[] serialize(ShardLedger ledger) throws IOException {
      DataOutputSerializer out = new DataOutputSerializer(256);
      write(ledger.assigned(), out);
      write(ledger.finished(), out);
      return out.getCopyOfBuffer();
    }

    @Override
    public ShardLedger deserialize(int version, byte[] serialized) throws IOException {
      if (version != VERSION) {
        throw new IOException("Unknown version of the shard ledger: " + version);
      }
      DataInputDeserializer in = new DataInputDeserializer(serialized);
      return new ShardLedger(read(in), read(in));
    }

    private static void write(Set<String> shardIds, DataOutputSerializer out) throws IOException {
      out.writeInt(shardIds.size());
      for (String shardId : shardIds) {
        out.writeUTF(shardId);
      }
    }

    private static Set<String> read(DataInputDeserializer in) throws IOException {
      Set<String> shardIds = new HashSet<>();
      for (int left = in.readInt(); left > 0; left--) {
        shardIds.add(in.readUTF());
      }
      return shardIds;
    }
  }
}
