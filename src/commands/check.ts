import { openSecrets } from '../config/load.ts';
import { loadStationConfig, overlaysFileIn, type StationConfig } from '../config/overlays.ts';
import { remotePartOf, remoteValuesIn } from '../config/remote-part.ts';
import type { GatewayConfig } from '../config/schema.ts';
import {
  BAD_CONFIGURATION,
  dottedKey,
  formatProblem,
  type KeyPath,
  readTextFile,
} from '../config/text-file.ts';
import { shorten } from '../config/validate.ts';
import { parseYaml } from '../config/yaml-document.ts';
import { configuredInstruments } from '../instruments/catalogue.ts';
import { INTERIM_MS } from '../measuring/sampler.ts';
import { isJudgedBy, whyNeverJudged } from '../pre-alerts/rules.ts';
import { whyNoSeaLevelPressure } from '../weather/derived.ts';
import { printable } from '../weather/format.ts';
import type { Quantity } from '../weather/quantities.ts';
import type { Command } from './command.ts';

/**
 * Prints every problem of the configuration, missing and open key and certificates included; what will never work, with
 * which the daemon starts all the same; and what comes from afar in place of what the file has.
 */
export const command: Command = async (args, { environment, out }) => {
  const file = args.config ?? environment.configPath;
  const { credentialsDirectory, stateDirectory } = environment;
  const station = await loadStationConfig(file, {
    credentialsDirectory,
    stateDirectory,
    areCredentialsExpected: true,
  });
  if (station.problems !== undefined) {
    out.write(`${station.problems.map(formatProblem).join('\n')}\n`);
    return BAD_CONFIGURATION;
  }
  const { own: config } = station;
  const open = await openSecrets(config, file);
  const lines = open.map(
    (each) =>
      `${each}: found a secret that every user can read; allowed: a file closed to others (chmod o= ${each})`,
  );
  const hints = [
    ...(await hintsOf(file, config)),
    ...originsOf(station, stateDirectory ?? config.outbox.directory),
  ];
  if (hints.length > 0) out.write(`${hints.join('\n')}\n`);
  out.write(open.length === 0 ? `${file}: no problems\n` : `${lines.join('\n')}\n`);
  return open.length === 0 ? 0 : BAD_CONFIGURATION;
};

const shown = (value: unknown): string => {
  const text = Array.isArray(value)
    ? `a list of ${value.length}`
    : value === undefined
      ? 'nothing'
      : JSON.stringify(value);
  return shorten(text);
};

/** What comes from where, as far as it does not come from the file. */
const originsOf = ({ own, inForce, overlays, isHidden }: StationConfig, directory: string): string[] => {
  const file = overlaysFileIn(directory);
  const { kept, trial, dropped } = overlays;
  const { values } = (inForce === 'trial' ? trial : inForce === 'kept' ? kept : null) ?? { values: {} };
  const state = inForce === 'trial' ? ', on trial' : '';
  return [
    ...(isHidden ? [`${file}: may not be read by this user (sudo shows what comes from afar)`] : []),
    ...remoteValuesIn(values, remotePartOf(own)).map(
      ({ key, value, own: ownValue }) =>
        `${file}: ${key}: ${shown(value)} from afar${state}; the file has ${shown(ownValue)}`,
    ),
    ...(dropped === null
      ? []
      : [
          `${file}: ${dropped.problem.path === '' ? '' : `${dropped.problem.path}: `}not in force: found ` +
            `${dropped.problem.found}; allowed: ${dropped.problem.allowed}`,
        ]),
  ].map(printable);
};

const hintsOf = async (file: string, config: GatewayConfig): Promise<string[]> => {
  const { text = '' } = await readTextFile(file, '');
  const document = parseYaml(text);
  return neverWorking(config).map(({ path, text: hint }) => {
    const { line, column } = document.valueAt(path);
    return printable(`${file}:${line ?? 1}:${column ?? 1}: ${dottedKey(path)}: ${hint}`);
  });
};

type Hint = { readonly path: KeyPath; readonly text: string };

const neverWorking = ({ station, sensors, reporting, preAlerts, quality }: GatewayConfig): Hint[] => {
  const instruments = configuredInstruments(sensors);
  const { elevationMetres } = station;
  const intervalMs = reporting.intervalSeconds * 1000;
  // What counts closures is looked at between two readings as well.
  const quantitiesOf = (isCounted: boolean): Quantity[] =>
    instruments
      .filter(({ instrument }) => !isCounted || instrument.wiring.gpios !== undefined)
      .flatMap(({ instrument, config }) => instrument.quantities(config));
  const measured = new Set(quantitiesOf(false));
  const counted = new Set(quantitiesOf(true));
  const rules = preAlerts.flatMap((rule, index): Hint[] => {
    const why = whyNeverJudged(rule, {
      measured,
      intervalMs: isJudgedBy(rule, counted) ? Math.min(intervalMs, INTERIM_MS) : intervalMs,
      elevationMetres,
      limits: quality,
    });
    return why === null
      ? []
      : [{ path: ['preAlerts', index], text: `the rule ${rule.id} can never be raised: ${why}` }];
  });
  const noSeaLevel = whyNoSeaLevelPressure(elevationMetres);
  return [
    ...(instruments.length === 0
      ? [{ path: ['sensors'], text: 'no sensor is listed: every value of every reading will be null' }]
      : []),
    ...(noSeaLevel === null ? [] : [{ path: ['station', 'elevationMetres'], text: noSeaLevel }]),
    ...rules,
  ];
};
