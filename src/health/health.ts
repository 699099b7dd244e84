import type { GatewayStatus } from '../status/status.ts';
import { formatDatetime, HEALTH_SCHEMA, type HealthMessage } from '../weather/message.ts';
import type { Stamp } from '../weather/reading.ts';

/** A station that has no reading yet has nothing to tell; but one that never gets one has, after so long. */
const SPEAKS_AFTER_SECONDS = 60;
const MAX_TEXT_LENGTH = 300;
const MASK = '(address)';

const URL_TEXT = /[a-z][a-z0-9+.-]*:\/\/\S+/gi;
const HOST = /\b(?:[a-z0-9_-]+\.)+(?:com|net|org|io|local|lan|internal)\b(?::\d+)?/gi;
const IPV4 = /\b(?:\d{1,3}\.){3}\d{1,3}\b(?::\d+)?/g;
/** Also a MAC address. A time of day has two colons. */
const HEXADECIMAL = /(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])/gi;

/** One line without the addresses of hosts and networks, as it may leave the station. */
export const publicText = (text: string): string => {
  const masked = text
    .replace(/\p{C}+/gu, ' ')
    .replace(URL_TEXT, MASK)
    .replace(HOST, MASK)
    .replace(IPV4, MASK)
    .replace(HEXADECIMAL, (found) => (found.includes('::') || found.split(':').length > 4 ? MASK : found));
  return [...masked].slice(0, MAX_TEXT_LENGTH).join('');
};

/** What leaves the station of all that the daemon knows of itself. `null` while there is nothing to tell. */
export const healthMessage = (status: GatewayStatus, stamp: Stamp): HealthMessage | null => {
  const { station, latest, uptimeSeconds, instruments, outbox, link, machine, runs } = status;
  if (latest === null && uptimeSeconds < SPEAKS_AFTER_SECONDS) return null;
  return {
    deviceid: station.id,
    schema: HEALTH_SCHEMA,
    datetime: formatDatetime(stamp.wallMs),
    timequality: stamp.timequality,
    epoch: outbox.epoch,
    version: status.version,
    uptime: Math.round(uptimeSeconds),
    waiting: outbox.lanes.reading.waiting,
    unstored: status.unstored,
    instruments: Object.fromEntries(instruments.map(({ name, state }) => [name, state])),
    failing: instruments.filter(({ state }) => state === 'failing').length,
    faults: Object.fromEntries(
      instruments.flatMap(({ name, lastFault }) =>
        lastFault === null
          ? []
          : [[name, `${lastFault.datetime} ${publicText(`${lastFault.code}: ${lastFault.message}`)}`]],
      ),
    ),
    doubted: { ...latest?.quality },
    lostpulses: status.suspectedMissedPulses,
    store: status.storeReport === null ? null : publicText(status.storeReport),
    uncleanshutdowns: runs.uncleanShutdowns,
    boots: runs.boots,
    clocksteps: status.clock.steps,
    certificatedays: status.certificateDaysLeft,
    writtenbytes: status.writtenTodayBytes,
    reconnects: link.reconnects,
    problem: link.problem === null ? null : publicText(link.problem),
    refused: Object.fromEntries(status.refusedLanes.map(({ lane, reason }) => [lane, publicText(reason)])),
    freedisk: machine.freeDiskBytes,
    freememory: machine.freeMemoryBytes,
    load: machine.load,
    cputemperature: machine.temperatureCelsius,
    undervoltage: machine.isUnderVoltage,
    undervoltages: machine.underVoltages,
    lastundervoltage: machine.lastUnderVoltage,
    throttled: machine.isThrottled,
    wifisignal: machine.wifiSignalDbm,
  };
};

/** A change of these is told at once. */
const statesOf = (message: HealthMessage): string => {
  const { timequality, instruments, doubted, store, problem, refused, undervoltage, throttled } = message;
  const lanes = Object.keys(refused);
  return JSON.stringify([timequality, instruments, doubted, store, problem, lanes, undervoltage, throttled]);
};

/** The message, and what of it is told at once when it changes. */
export const healthReport = (
  status: GatewayStatus,
  stamp: Stamp,
): { readonly payload: string; readonly states: string } | null => {
  const message = healthMessage(status, stamp);
  return message && { payload: JSON.stringify(message), states: statesOf(message) };
};
