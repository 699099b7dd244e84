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
 * reading that comes again with a better time passes again and says where it was, and so does one
 * of the same second and without a number whose values count before those of the first: the same
 * choice as that of the warehouse's view {@code sensordata}. {@code (deviceid, epoch, seq)} names a
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
    String blockName = name(reading, Math.floorDiv(number(reading), Long.SIZE));
    long bit = 1L << Math.floorMod(number(reading), Long.SIZE);

    SeenBlock block = seen.get(blockName);
    if (block == null) {
      block = new SeenBlock();
    }
    if ((block.bits & bit) != 0) {
      passIfBetter(reading, context, out);
      return;
    }
    block.bits |= bit;
    block.lastNewMs = context.timerService().currentProcessingTime();
    seen.put(blockName, block);
    if (reading.mayBeReplaced()) {
      stamps.put(stampName(reading), new Stamp(reading, block.lastNewMs));
    }
    Sweeps.schedule(context.timerService(), context.getCurrentKey());
    out.collect(reading);
  }

  private void passIfBetter(Reading reading, Context context, Collector<Reading> out)
      throws Exception {
    Stamp before = stamps.get(stampName(reading));
    Stamp stamp = new Stamp(reading, context.timerService().currentProcessingTime());
    if (before == null || !before.isWorseThan(stamp)) {
      duplicates.inc();
      return;
    }
    if (reading.mayBeReplaced()) {
      stamps.put(stampName(reading), stamp);
    } else {
      stamps.remove(stampName(reading));
    }
    moved.inc();
    reading.movedFromMs = before.atMs;
    out.collect(reading);
  }

  private static String stampName(Reading reading) {
    return name(reading, number(reading));
  }

  private static String name(Reading reading, long number) {
    return (reading.isNumbered() ? reading.epoch : "") + "/" + number;
  }

  private static long number(Reading reading) {
    return reading.isNumbered() ? reading.seq : Math.floorDiv(reading.atMs, 1000);
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
