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
import weather.analytics.readings.Deduplication;
import weather.analytics.readings.Reading;

/**
 * For every distinct reading one row over [t - 60 s, t] of event time. A reading that comes after
 * readings which follow it in time makes their rows go out again with the next revision. No
 * watermark is used: nothing is ever late, and a replay gives the rows that the live readings would
 * have given. A reading that comes again with a better time moves, one that comes again with other
 * values is replaced: its row and all rows it was in or comes into go out again.
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

  /**
   * Of a station in a minute; two gateways of one id that measure each second send as many. Each
   * reading makes the rows of its neighbours go out again, so more would cost all stations dear.
   */
  static final int MAX_READINGS_A_MINUTE = 120;

  /** Above what a row whose reading is not kept any more can have reached. */
  private static final int AFTER_ANY_REVISION = 1 << 20;

  private transient MapState<Long, MinuteBucket> minutes;
  private transient ValueState<Long> sweptMinute;
  private transient Counter readings;
  private transient Counter revisions;
  private transient Counter incompleteRows;
  private transient Counter crowded;

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
    crowded = Metrics.counter(getRuntimeContext(), "crowded");
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

    Map<Long, MinuteBucket> around = new HashMap<>();
    loadAround(minute, around);
    MinuteBucket bucket = around.computeIfAbsent(minute, absent -> new MinuteBucket());
    if (bucket.readings.size() >= MAX_READINGS_A_MINUTE) {
      crowded.inc();
      return;
    }
    StoredReading stored = new StoredReading(reading);
    StoredReading before = takeOut(reading, around);
    if (before != null) {
      stored.revision = before.revision + 1;
    } else if (reading.movedFromMs != null) {
      stored.revision = AFTER_ANY_REVISION;
    }
    bucket.readings.add(stored);
    bucket.lastArrivalMs = context.timerService().currentProcessingTime();
    List<StoredReading> neighbours =
        around.values().stream().flatMap(near -> near.readings.stream()).toList();
    List<StoredReading> changed =
        neighbours.stream()
            .filter(other -> other != stored)
            .filter(
                other ->
                    Interval.contains(other.atMs, stored.atMs)
                        || before != null && Interval.contains(other.atMs, before.atMs))
            .toList();
    changed.forEach(other -> other.revision++);
    revisions.inc(changed.size());

    out.collect(row(stored, neighbours, reading));
    for (StoredReading other : changed) {
      out.collect(row(other, neighbours, reading));
    }
    for (Map.Entry<Long, MinuteBucket> entry : around.entrySet()) {
      if (entry.getValue().readings.isEmpty()) {
        minutes.remove(entry.getKey());
      } else {
        minutes.put(entry.getKey(), entry.getValue());
      }
    }
    Sweeps.schedule(context.timerService(), context.getCurrentKey());
  }

  /**
   * Takes a reading that came again out of the minute it was in; its neighbours there join {@code
   * around}. {@code null} for one that came for the first time, and for one whose minute is not
   * kept any more.
   */
  private StoredReading takeOut(Reading reading, Map<Long, MinuteBucket> around) throws Exception {
    if (reading.movedFromMs == null) {
      return null;
    }
    long minute = Math.floorDiv(reading.movedFromMs, Interval.LENGTH_MS);
    loadAround(minute, around);
    MinuteBucket bucket = around.get(minute);
    StoredReading before =
        bucket == null
            ? null
            : bucket.readings.stream().filter(other -> other.is(reading)).findFirst().orElse(null);
    if (before == null) {
      incompleteRows.inc();
      return null;
    }
    bucket.readings.remove(before);
    return before;
  }

  /** The minute's bucket, and those before and after it: all that a reading of it touches. */
  private void loadAround(long minute, Map<Long, MinuteBucket> buckets) throws Exception {
    for (long near = minute - 1; near <= minute + 1; near++) {
      MinuteBucket bucket = buckets.containsKey(near) ? null : minutes.get(near);
      if (bucket != null) {
        buckets.put(near, bucket);
      }
    }
  }

  private static AverageRow row(
      StoredReading end, List<StoredReading> neighbours, Reading arrived) {
    AverageRow row = Interval.row(end, neighbours);
    row.deviceid = arrived.deviceid;
    row.weatherstationname = arrived.weatherstationname;
    return row;
  }

  private static Duration retention(boolean isLatest, MinuteBucket bucket) {
    if (isLatest) {
      return OUTAGE_RETENTION;
    }
    boolean mayChange = bucket.readings.stream().anyMatch(reading -> reading.mayMove);
    return mayChange ? Deduplication.RETENTION : RETENTION;
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
      Duration retention = retention(entry.getKey() >= latestMinute - 1, entry.getValue());
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
