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
 * Lets every reading of a station pass once, however often it is delivered and in whatever order. A
 * reading that comes again with a better time passes again and says where it was: the same choice
 * as that of the warehouse's view {@code sensordata}. {@code (deviceid, epoch, seq)} names a
 * reading; where there is no epoch (the post's own message), {@code (deviceid, datetime)}. The
 * names come in runs, so 64 neighbours share one entry of state.
 */
public final class Deduplication extends KeyedProcessFunction<String, Reading, Reading> {
  /** A repetition that comes later than this, in processing time, is not recognised any more. */
  public static final Duration RETENTION = Duration.ofDays(7);

  private transient MapState<String, SeenBlock> seen;
  private transient MapState<String, Stamp> stamps;
  private transient Counter duplicates;
  private transient Counter moved;

  @Override
  public void open(OpenContext context) {
    seen =
        getRuntimeContext()
            .getMapState(
                new MapStateDescriptor<>("seen", Types.STRING, Types.POJO(SeenBlock.class)));
    stamps =
        getRuntimeContext()
            .getMapState(new MapStateDescriptor<>("stamps", Types.STRING, Types.POJO(Stamp.class)));
    moved = Metrics.counter(getRuntimeContext(), "moved");
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
      passIfMoved(reading, context, out);
      return;
    }
    block.bits |= bit;
    block.lastNewMs = context.timerService().currentProcessingTime();
    seen.put(blockName, block);
    if (reading.isNumbered() && reading.timeRank > 0) {
      stamps.put(stampName(reading), new Stamp(reading, block.lastNewMs));
    }
    Sweeps.schedule(context.timerService(), context.getCurrentKey());
    out.collect(reading);
  }

  /** A synchronised time is the last word, so such a reading has no stamp. */
  private void passIfMoved(Reading reading, Context context, Collector<Reading> out)
      throws Exception {
    Stamp before = reading.isNumbered() ? stamps.get(stampName(reading)) : null;
    if (before == null || !before.isWorseThan(reading)) {
      duplicates.inc();
      return;
    }
    if (reading.timeRank == 0) {
      stamps.remove(stampName(reading));
    } else {
      stamps.put(
          stampName(reading), new Stamp(reading, context.timerService().currentProcessingTime()));
    }
    moved.inc();
    reading.movedFromMs = before.atMs;
    out.collect(reading);
  }

  private static String stampName(Reading reading) {
    return reading.epoch + "/" + reading.seq;
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
    Iterator<Stamp> times = stamps.values().iterator();
    while (times.hasNext()) {
      if (now - times.next().arrivedMs > RETENTION.toMillis()) {
        times.remove();
      }
    }
    if (!seen.isEmpty()) {
      Sweeps.schedule(context.timerService(), context.getCurrentKey());
    }
  }
}
