package weather.analytics.alerts;

import java.util.Iterator;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.metrics.Counter;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;
import weather.analytics.Metrics;
import weather.analytics.readings.Reading;

/**
 * Consolidates readings above 40 °C into alerts. A station's first one opens a window, which takes
 * readings less than two minutes of event time apart and closes two minutes of processing time
 * later. Readings that had to wait on their way go through a lane of their own: one late alert for
 * a whole replay, not one for every two minutes of it.
 */
public final class AlertWindows extends KeyedProcessFunction<String, Reading, AlertRow>
    implements CheckpointedFunction {
  /** °C; exactly this is no alert. */
  private static final double THRESHOLD = 40;

  private final AlertTiming timing;
  private transient boolean restored;
  private transient Long notBeforeMs;
  private transient MapState<String, AlertWindow> open;
  private transient Counter alerts;
  private transient Counter lateAlerts;

  public AlertWindows(AlertTiming timing) {
    this.timing = timing;
  }

  @Override
  public void initializeState(FunctionInitializationContext context) {
    restored = context.isRestored();
  }

  @Override
  public void snapshotState(FunctionSnapshotContext context) {}

  @Override
  public void open(OpenContext context) {
    open =
        getRuntimeContext()
            .getMapState(
                new MapStateDescriptor<>("open", Types.STRING, Types.POJO(AlertWindow.class)));
    alerts = Metrics.counter(getRuntimeContext(), "alerts");
    lateAlerts = Metrics.counter(getRuntimeContext(), "lateAlerts");
    notBeforeMs = null;
  }

  @Override
  public void processElement(Reading reading, Context context, Collector<AlertRow> out)
      throws Exception {
    long now = context.timerService().currentProcessingTime();
    noteStart(now);
    // One that came again was counted when it came first.
    boolean isCounted = reading.movedFromMs != null;
    if (isCounted || reading.temperature == null || reading.temperature <= THRESHOLD) {
      return;
    }
    boolean late = now - reading.atMs > timing.lateAfter().toMillis();
    AlertWindow window = windowFor(reading, late);
    if (window == null) {
      window = new AlertWindow(reading, late, now);
      window.closesMs = now + timing.closeAfter().toMillis();
      context.timerService().registerProcessingTimeTimer(window.closesMs);
    } else if (late) {
      long latest = window.openedMs + timing.longestLate().toMillis();
      window.closesMs = Math.min(latest, now + timing.closeAfter().toMillis());
    }
    window.add(reading);
    open.put(window.alertid, window);
  }

  /**
   * An operator learns the time with its first element or timer; timers that fell due meanwhile
   * fire at once.
   */
  private void noteStart(long now) {
    if (notBeforeMs == null) {
      notBeforeMs = restored ? now + timing.catchUp().toMillis() : now;
    }
  }

  private AlertWindow windowFor(Reading reading, boolean late) throws Exception {
    for (AlertWindow window : open.values()) {
      if (window.late == late
          && (late || window.spanWith(reading.atMs) < AlertTiming.WIDTH.toMillis())) {
        return window;
      }
    }
    return null;
  }

  @Override
  public void onTimer(long timestamp, OnTimerContext context, Collector<AlertRow> out)
      throws Exception {
    long now = context.timerService().currentProcessingTime();
    noteStart(now);
    Iterator<AlertWindow> windows = open.values().iterator();
    while (windows.hasNext()) {
      AlertWindow window = windows.next();
      long closes = Math.max(window.closesMs, notBeforeMs);
      if (closes > now) {
        context.timerService().registerProcessingTimeTimer(closes);
        continue;
      }
      (window.late ? lateAlerts : alerts).inc();
      out.collect(window.row(context.getCurrentKey()));
      windows.remove();
    }
  }
}
