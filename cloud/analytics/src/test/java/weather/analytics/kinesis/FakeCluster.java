package weather.analytics.kinesis;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import org.apache.flink.api.common.eventtime.Watermark;
import org.apache.flink.api.connector.source.ReaderInfo;
import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.SourceEvent;
import org.apache.flink.api.connector.source.SourceOutput;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.api.connector.source.SplitsAssignment;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.metrics.groups.SourceReaderMetricGroup;
import org.apache.flink.metrics.groups.SplitEnumeratorMetricGroup;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.apache.flink.util.SimpleUserCodeClassLoader;
import org.apache.flink.util.UserCodeClassLoader;

/**
 * What Flink does for a source, in one thread: events on their way are lost in a failure, a
 * checkpoint takes the enumerator's state before the readers', a restart may have other readers.
 */
final class FakeCluster implements AutoCloseable {
  private final FakeKinesis kinesis;

  /** Time flies, so that no poll has to wait. */
  private final AtomicLong nanos = new AtomicLong();

  private final Deque<Runnable> toEnumerator = new ArrayDeque<>();
  private final Deque<Runnable> toReaders = new ArrayDeque<>();
  private final Map<Integer, ReaderInfo> registered = new HashMap<>();
  private final List<ShardReader> readers = new ArrayList<>();
  private final Set<String> emitted = new java.util.LinkedHashSet<>();
  private final Output output = new Output();
  private ShardEnumerator enumerator;
  private Runnable discovery;
  private long checkpoints;

  record Checkpoint(long id, byte[] ledger, List<byte[]> splits) {}

  FakeCluster(FakeKinesis kinesis) {
    this.kinesis = kinesis;
  }

  /** From a checkpoint, {@code null} for none. */
  void start(int parallelism, Checkpoint checkpoint) throws IOException {
    enumerator =
        new ShardEnumerator(
            new EnumeratorContext(parallelism),
            kinesis,
            FakeKinesis.ARN,
            checkpoint == null
                ? new ShardLedger(Set.of(), Set.of())
                : new ShardLedger.Serializer().deserialize(1, checkpoint.ledger()),
            () -> nanos.addAndGet(1_000_000_000));
    enumerator.start();
    for (int index = 0; index < parallelism; index++) {
      startReader(index, parallelism, checkpoint == null ? List.of() : checkpoint.splits());
    }
    deliver();
  }

  private void startReader(int index, int parallelism, List<byte[]> splits) throws IOException {
    ReadAge age = new ReadAge(nanos::get);
    ShardReader reader =
        new ShardReader(
            () ->
                new ShardFetcher(
                    kinesis, FakeKinesis.ARN, age, () -> nanos.addAndGet(1_000_000_000)),
            new ReaderContext(index, parallelism));
    readers.add(reader);
    List<ShardSplit> own = new ArrayList<>();
    for (int n = index; n < splits.size(); n += parallelism) {
      own.add(new ShardSplit.Serializer().deserialize(1, splits.get(n)));
    }
    if (!own.isEmpty()) {
      reader.addSplits(own);
    }
    toEnumerator.add(
        () -> {
          registered.put(index, new ReaderInfo(index, "here"));
          enumerator.addReader(index);
        });
    reader.start();
  }

  void discover() {
    discovery.run();
    deliver();
  }

  void deliver() {
    while (!toEnumerator.isEmpty() || !toReaders.isEmpty()) {
      (toEnumerator.isEmpty() ? toReaders : toEnumerator).pop().run();
    }
  }

  /** Without delivering what the readers say of it. */
  void poll() throws Exception {
    for (ShardReader reader : readers) {
      reader.pollNext(output);
    }
  }

  Checkpoint checkpoint() throws Exception {
    long id = ++checkpoints;
    byte[] ledger = new ShardLedger.Serializer().serialize(enumerator.snapshotState(id));
    toReaders.forEach(Runnable::run);
    toReaders.clear();
    poll();
    List<byte[]> splits = new ArrayList<>();
    for (ShardReader reader : readers) {
      for (ShardSplit split : reader.snapshotState(id)) {
        splits.add(new ShardSplit.Serializer().serialize(split));
      }
    }
    return new Checkpoint(id, ledger, splits);
  }

  void complete(Checkpoint checkpoint) throws Exception {
    deliver();
    enumerator.notifyCheckpointComplete(checkpoint.id());
    for (ShardReader reader : readers) {
      reader.notifyCheckpointComplete(checkpoint.id());
    }
  }

  /** All stop, as in a failure. */
  @Override
  public void close() throws Exception {
    for (ShardReader reader : readers) {
      reader.close();
    }
    enumerator.close();
    readers.clear();
    registered.clear();
    toEnumerator.clear();
    toReaders.clear();
  }

  /** The texts of all records, in the order in which they came for the first time. */
  Set<String> emitted() {
    return emitted;
  }

  ShardLedger ledger() {
    return enumerator.snapshotState(++checkpoints);
  }

  /** What each reader has in its state. */
  List<List<ShardSplit>> splits() {
    return readers.stream().map(reader -> reader.snapshotState(checkpoints)).toList();
  }

  private final class EnumeratorContext implements SplitEnumeratorContext<ShardSplit> {
    private final int parallelism;

    EnumeratorContext(int parallelism) {
      this.parallelism = parallelism;
    }

    @Override
    public SplitEnumeratorMetricGroup metricGroup() {
      throw new UnsupportedOperationException();
    }

    @Override
    public void sendEventToSourceReader(int reader, SourceEvent event) {
      toReaders.add(() -> readers.get(reader).handleSourceEvents(event));
    }

    @Override
    public int currentParallelism() {
      return parallelism;
    }

    @Override
    public Map<Integer, ReaderInfo> registeredReaders() {
      return registered;
    }

    @Override
    public void assignSplits(SplitsAssignment<ShardSplit> assignment) {
      assignment
          .assignment()
          .forEach((reader, splits) -> toReaders.add(() -> readers.get(reader).addSplits(splits)));
    }

    @Override
    public void signalNoMoreSplits(int reader) {
      throw new UnsupportedOperationException();
    }

    @Override
    public <T> void callAsync(Callable<T> call, BiConsumer<T, Throwable> handler) {
      throw new UnsupportedOperationException();
    }

    @Override
    public <T> void callAsync(
        Callable<T> call, BiConsumer<T, Throwable> handler, long delayMs, long periodMs) {
      discovery =
          () -> {
            T result;
            try {
              result = call.call();
            } catch (Exception e) {
              handler.accept(null, e);
              return;
            }
            handler.accept(result, null);
          };
    }

    @Override
    public void runInCoordinatorThread(Runnable runnable) {
      throw new UnsupportedOperationException();
    }
  }

  private final class ReaderContext implements SourceReaderContext {
    private final int index;
    private final int parallelism;

    ReaderContext(int index, int parallelism) {
      this.index = index;
      this.parallelism = parallelism;
    }

    @Override
    public SourceReaderMetricGroup metricGroup() {
      return UnregisteredMetricsGroup.createSourceReaderMetricGroup();
    }

    @Override
    public Configuration getConfiguration() {
      return new Configuration();
    }

    @Override
    public String getLocalHostName() {
      return "here";
    }

    @Override
    public int getIndexOfSubtask() {
      return index;
    }

    @Override
    public int currentParallelism() {
      return parallelism;
    }

    @Override
    public void sendSplitRequest() {
      throw new UnsupportedOperationException();
    }

    @Override
    public void sendSourceEventToCoordinator(SourceEvent event) {
      toEnumerator.add(() -> enumerator.handleSourceEvent(index, event));
    }

    @Override
    public UserCodeClassLoader getUserCodeClassLoader() {
      return SimpleUserCodeClassLoader.create(getClass().getClassLoader());
    }
  }

  private final class Output implements ReaderOutput<byte[]> {
    @Override
    public void collect(byte[] record) {
      emitted.add(new String(record, StandardCharsets.UTF_8));
    }

    @Override
    public void collect(byte[] record, long timestamp) {
      collect(record);
    }

    @Override
    public void emitWatermark(Watermark watermark) {}

    @Override
    public void markIdle() {}

    @Override
    public void markActive() {}

    @Override
    public SourceOutput<byte[]> createOutputForSplit(String splitId) {
      return this;
    }

    @Override
    public void releaseOutputForSplit(String splitId) {}
  }
}
