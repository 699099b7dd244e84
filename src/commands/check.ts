import { openSecrets } from '../config/credential-files.ts';
import { loadConfig } from '../config/load.ts';
import { BAD_CONFIGURATION, dottedKey, formatProblem, type KeyPath } from '../config/problem.ts';
import type { GatewayConfig } from '../config/schema.ts';
import { readTextFile } from '../config/text-file.ts';
import { parseYaml } from '../config/yaml-document.ts';
import { configuredInstruments } from '../instruments/catalogue.ts';
import { INTERIM_MS } from '../measuring/sampler.ts';
import { isJudgedBy, whyNeverJudged } from '../pre-alerts/rules.ts';
import { whyNoSeaLevelPressure } from '../weather/derived.ts';
import { printable } from '../weather/format.ts';
import type { Quantity } from '../weather/quantities.ts';
import type { Command } from './command.ts';

/**
 * Prints every problem of the configuration, missing and open key and certificates included; and what will never work,
 * with which the daemon starts all the same.
 */
export const command: Command = async (args, { environment, out }) => {
  const file = args.config ?? environment.configPath;
  const { credentialsDirectory } = environment;
  const { config, problems } = await loadConfig(file, { credentialsDirectory, areCredentialsExpected: true });
  if (config === undefined) {
    out.write(`${problems.map(formatProblem).join('\n')}\n`);
    return BAD_CONFIGURATION;
  }
  const open = await openSecrets(config, file);
  const lines = open.map(
    (each) =>
      `${each}: found a secret that every user can read; allowed: a file closed to others (chmod o= ${each})`,
  );
  const hints = await hintsOf(file, config);
  if (hints.length > 0) out.write(`${hints.join('\n')}\n`);
  out.write(open.length === 0 ? `${file}: no problems\n` : `${lines.join('\n')}\n`);
  return open.length === 0 ? 0 : BAD_CONFIGURATION;
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
