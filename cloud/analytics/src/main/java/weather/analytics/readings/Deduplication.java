package weather.analytics.readings;

import java.time.Duration;
import java.util.Iterator;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.metrics.Counter;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;
import weather.analytics.Metrics;
import weather.analytics.Sweeps;

/**
 * Lets every reading of a station pass once, however often it is delivered and in whatever order.
 * {@code (deviceid, epoch, seq)} names a reading; where there is no epoch (the post's own message),
 * {@code (deviceid, datetime)}. The names come in runs, so 64 neighbours share one entry of state.
 */
public final class Deduplication extends KeyedProcessFunction<String, Reading, Reading> {
  /** A repetition that comes later than this, in processing time, is not recognised any more. */
  public static final Duration RETENTION = Duration.ofDays(7);

  private transient MapState<String, SeenBlock> seen;
  private transient Counter duplicates;

  @Override
  public void open(OpenContext context) {
    seen =
        getRuntimeContext()
            .getMapState(
                new MapStateDescriptor<>("seen", Types.STRING, Types.POJO(SeenBlock.class)));
    duplicates = Metrics.counter(getRuntimeContext(), "duplicates");
  }

  @Override
  public void processElement(Reading reading, Context context, Collector<Reading> out)
      throws Exception {
    long name = reading.isNumbered() ? reading.seq : Math.floorDiv(reading.atMs, 1000);
    String blockName =
        (reading.isNumbered() ? reading.epoch : "") + "/" + Math.floorDiv(name, Long.SIZE);
    long bit = 1L << Math.floorMod(name, Long.SIZE);

    SeenBlock block = seen.get(blockName);
    if (block == null) {
      block = new SeenBlock();
    }
    if ((block.bits & bit) != 0) {
      duplicates.inc();
      return;
    }
    block.bits |= bit;
    block.lastNewMs = context.timerService().currentProcessingTime();
    seen.put(blockName, block);
    Sweeps.schedule(context.timerService(), context.getCurrentKey());
    out.collect(reading);
  }

  @Override
  public void onTimer(long timestamp, OnTimerContext context, Collector<Reading> out)
      throws Exception {
    long now = context.timerService().currentProcessingTime();
    Iterator<SeenBlock> blocks = seen.values().iterator();
    while (blocks.hasNext()) {
      if (now - blocks.next().lastNewMs > RETENTION.toMillis()) {
        blocks.remove();
      }
    }
    if (!seen.isEmpty()) {
      Sweeps.schedule(context.timerService(), context.getCurrentKey());
    }
  }
}
