package weather.analytics.averages;

import java.time.Duration;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.metrics.Counter;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;
import weather.analytics.Metrics;
import weather.analytics.Sweeps;
import weather.analytics.readings.Reading;

/**
 * For every distinct reading one row over [t - 60 s, t] of event time. A reading that comes after
 * readings which follow it in time makes their rows go out again with the next revision. No
 * watermark is used: nothing is ever late, and a replay gives the rows that the live readings would
 * have given.
 *
 * <p>Revisions count arrivals, so they need the readings of one station in the same order when the
 * source is read again after a failure; a shard of Kinesis gives just that.
 */
public final class RollingAverages extends KeyedProcessFunction<String, Reading, AverageRow> {
  /** How long a minute is kept after its last arrival, in processing time. */
  public static final Duration RETENTION = Duration.ofHours(24);

  /**
   * How long a silent station's last two minutes are kept: what is delivered after an outage begins
   * right after them.
   */
  public static final Duration OUTAGE_RETENTION = Duration.ofDays(35);

  private transient MapState<Long, MinuteBucket> minutes;
  private transient ValueState<Long> sweptMinute;
  private transient Counter readings;
  private transient Counter revisions;
  private transient Counter incompleteRows;

  @Override
  public void open(OpenContext context) {
    minutes =
        getRuntimeContext()
            .getMapState(
                new MapStateDescriptor<>("minutes", Types.LONG, Types.POJO(MinuteBucket.class)));
    sweptMinute =
        getRuntimeContext().getState(new ValueStateDescriptor<>("sweptMinute", Types.LONG));
    readings = Metrics.counter(getRuntimeContext(), "readings");
    revisions = Metrics.counter(getRuntimeContext(), "revisions");
    incompleteRows = Metrics.counter(getRuntimeContext(), "incompleteRows");
  }

  @Override
  public void processElement(Reading reading, Context context, Collector<AverageRow> out)
      throws Exception {
    readings.inc();
    long minute = Math.floorDiv(reading.atMs, Interval.LENGTH_MS);
    Long swept = sweptMinute.value();
    if (swept != null && minute - 1 <= swept) {
      incompleteRows.inc();
    }

    Map<Long, MinuteBucket> around = around(minute);
    StoredReading stored = new StoredReading(reading);
    around.get(minute).readings.add(stored);
    around.get(minute).lastArrivalMs = context.timerService().currentProcessingTime();
    List<StoredReading> neighbours =
        around.values().stream().flatMap(bucket -> bucket.readings.stream()).toList();
    List<StoredReading> following =
        neighbours.stream()
            .filter(other -> other != stored && Interval.contains(other.atMs, stored.atMs))
            .toList();
    following.forEach(other -> other.revision++);
    revisions.inc(following.size());

    out.collect(row(stored, neighbours, reading));
    for (StoredReading other : following) {
      out.collect(row(other, neighbours, reading));
    }
    minutes.put(minute, around.get(minute));
    if (around.containsKey(minute + 1) && !following.isEmpty()) {
      minutes.put(minute + 1, around.get(minute + 1));
    }
    Sweeps.schedule(context.timerService(), context.getCurrentKey());
  }

  /**
   * The minute's bucket, and those before and after it that there are: all that a reading of the
   * minute touches.
   */
  private Map<Long, MinuteBucket> around(long minute) throws Exception {
    Map<Long, MinuteBucket> buckets = new HashMap<>();
    for (long near = minute - 1; near <= minute + 1; near++) {
      MinuteBucket bucket = minutes.get(near);
      if (bucket != null) {
        buckets.put(near, bucket);
      }
    }
    buckets.computeIfAbsent(minute, absent -> new MinuteBucket());
    return buckets;
  }

  private static AverageRow row(
      StoredReading end, List<StoredReading> neighbours, Reading arrived) {
    AverageRow row = Interval.row(end, neighbours);
    row.deviceid = arrived.deviceid;
    row.weatherstationname = arrived.weatherstationname;
    return row;
  }

  @Override
  public void onTimer(long timestamp, OnTimerContext context, Collector<AverageRow> out)
      throws Exception {
    long now = context.timerService().currentProcessingTime();
    long latestMinute = Long.MIN_VALUE;
    for (long minute : minutes.keys()) {
      latestMinute = Math.max(latestMinute, minute);
    }
    Iterator<Map.Entry<Long, MinuteBucket>> entries = minutes.iterator();
    while (entries.hasNext()) {
      Map.Entry<Long, MinuteBucket> entry = entries.next();
      Duration retention = entry.getKey() >= latestMinute - 1 ? OUTAGE_RETENTION : RETENTION;
      if (now - entry.getValue().lastArrivalMs > retention.toMillis()) {
        Long swept = sweptMinute.value();
        sweptMinute.update(swept == null ? entry.getKey() : Math.max(swept, entry.getKey()));
        entries.remove();
      }
    }
    if (minutes.isEmpty()) {
      sweptMinute.clear();
    } else {
      Sweeps.schedule(context.timerService(), context.getCurrentKey());
    }
  }
}
