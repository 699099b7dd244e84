import { type EventOf, endOf, eventsOf, type Scenario } from './scenario.ts';
import type { Conditions, WeatherEvents } from './weather-model.ts';

type WeatherEvent = EventOf<'weather'>;

/** From 0 to 1 over the ramp at the start, back to 0 over the same time after the end. */
const strengthOf = (event: WeatherEvent, elapsedSeconds: number): number => {
  const { fromSeconds, rampSeconds } = event;
  const sinceStart = elapsedSeconds - fromSeconds;
  const sinceEnd = elapsedSeconds - endOf(event);
  if (rampSeconds === 0) return sinceStart >= 0 && sinceEnd < 0 ? 1 : 0;
  return Math.max(0, Math.min(1, sinceStart / rampSeconds, 1 - sinceEnd / rampSeconds));
};

const towards = (usual: number, wanted: number | undefined, strength: number): number =>
  wanted === undefined ? usual : usual + (wanted - usual) * strength;

/** Along the shorter way round. */
const turnTowards = (usual: number, wanted: number | undefined, strength: number): number =>
  wanted === undefined ? usual : usual + (((wanted - usual + 540) % 360) - 180) * strength;

const apply = (usual: Conditions, event: WeatherEvent, strength: number): Conditions => ({
  temperatureC: towards(usual.temperatureC, event.temperatureC, strength),
  dewPointC: towards(usual.dewPointC, event.dewPointC, strength),
  seaLevelPressureHpa: towards(usual.seaLevelPressureHpa, event.seaLevelPressureHpa, strength),
  meanWindMs: towards(usual.meanWindMs, event.meanWindMs, strength),
  windDirectionDegrees: turnTowards(usual.windDirectionDegrees, event.windDirectionDegrees, strength),
  gustiness: towards(usual.gustiness, event.gustiness, strength),
  rainMmPerHour: towards(usual.rainMmPerHour, event.rainMmPerHour, strength),
});

/** The weather events of a scenario; of two at once the later one in the file has the last word. */
export const createWeatherEvents = (scenario: Scenario): WeatherEvents => {
  const events = eventsOf(scenario, 'weather');
  return (usual, elapsedSeconds) =>
    events.reduce((conditions, event) => {
      const strength = strengthOf(event, elapsedSeconds);
      return strength === 0 ? conditions : apply(conditions, event, strength);
    }, usual);
};
