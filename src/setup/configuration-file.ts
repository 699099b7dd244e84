import { constants, existsSync } from 'node:fs';
import { access, link, readFile, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crossCheck } from '../config/cross-checks.ts';
import { loadConfig } from '../config/load.ts';
import { gatewaySchema } from '../config/schema.ts';
import { type ConfigProblem, formatProblem, otherKindOf, readTextFile } from '../config/text-file.ts';
import { validateYaml } from '../config/validate.ts';
import { editYaml, parseYaml, type YamlEdit } from '../config/yaml-document.ts';
import { createFile, replaceFile } from '../store/durable-file.ts';
import { errorCode } from '../weather/format.ts';
import type { Answers, Present } from './interview.ts';
import type { Part } from './try-out.ts';

/** The text that the answers go into, and what it says now. */
export type Base = {
  readonly text: string;
  readonly present: Present;
  /** Of the file that is there; `null` where there is none. */
  readonly problems: readonly ConfigProblem[] | null;
};

const isPart = (value: unknown): value is Part =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const partAt = (value: unknown, key: string): Part => {
  const part = isPart(value) ? value[key] : undefined;
  return isPart(part) ? part : {};
};

const partsOf = (value: Part): Present['sensors'] =>
  Object.fromEntries(Object.entries(value).filter((entry): entry is [string, Part] => isPart(entry[1])));

const presentIn = (text: string): Present => {
  const { value } = parseYaml(text);
  const rules = isPart(value) && Array.isArray(value['preAlerts']) ? value['preAlerts'] : [];
  return {
    station: partAt(value, 'station'),
    aws: partAt(value, 'aws'),
    sensors: partsOf(partAt(value, 'sensors')),
    isSupplyJudged: rules.some((rule: unknown) => isPart(rule) && rule['quantity'] === 'supplyvoltage'),
  };
};

/** The file where it is a good configuration, otherwise the one the program ships. */
export const readBase = async (file: string, sample: string): Promise<Base> => {
  const { config, problems } = await loadConfig(file);
  if (config !== undefined) {
    const { text = '' } = await readTextFile(file, '');
    return { text, present: presentIn(text), problems: [] };
  }
  const { text, problem } = await readTextFile(sample, 'the configuration that comes with the program');
  if (problem !== undefined) throw new Error(formatProblem(problem));
  return { text, present: presentIn(text), problems: existsSync(file) ? problems : null };
};

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** What makes one mapping of another, key by key, so that the comments in it stay. */
const partEdits = (path: readonly string[], before: Part, after: Part): YamlEdit[] => [
  ...Object.keys(before)
    .filter((key) => after[key] === undefined)
    .map((key) => ({ path: [...path, key], value: undefined })),
  ...Object.entries(after)
    .filter(([key, value]) => !isSame(before[key], value))
    .map(([key, value]) => ({ path: [...path, key], value })),
];

/** Instruments of which the first that measures a quantity counts. */
const AIR_FALLBACKS: Readonly<Record<string, readonly string[]>> = {
  sht4x: ['sht3x', 'bme280'],
  sht3x: ['bme280'],
};

const sensorEdits = (before: Present['sensors'], after: Answers['sensors']): YamlEdit[] => [
  ...Object.keys(before)
    .filter((key) => after[key] === undefined)
    .map((key) => ({ path: ['sensors', key], value: undefined })),
  ...Object.entries(after).flatMap(([key, part]): YamlEdit[] => {
    const known = before[key];
    if (known === undefined)
      return [{ path: ['sensors', key], value: part, before: AIR_FALLBACKS[key] ?? [] }];
    return partEdits(['sensors', key], known, part);
  }),
];

const lowSupplyRule = (volts: number): Part => ({
  id: 'low-supply',
  kind: 'limit',
  quantity: 'supplyvoltage',
  direction: 'below',
  warning: volts,
  alert: Number((volts - 0.4).toFixed(2)),
  hysteresis: 0.3,
  onDelaySeconds: 300,
});

/** The base with the answers in it. */
export const withAnswers = ({ text, present }: Pick<Base, 'text' | 'present'>, answers: Answers): string => {
  const { value } = parseYaml(text);
  const rules = isPart(value) ? value['preAlerts'] : undefined;
  const rule = answers.lowSupplyVolts === undefined ? [] : [lowSupplyRule(answers.lowSupplyVolts)];
  const edits = [
    ...partEdits(['station'], present.station, answers.station),
    ...partEdits(['aws'], present.aws, answers.aws),
    ...sensorEdits(present.sensors, answers.sensors),
    ...rule.map((each) =>
      Array.isArray(rules)
        ? { path: ['preAlerts', rules.length], value: each }
        : { path: ['preAlerts'], value: [each] },
    ),
  ];
  return edits.length === 0 ? text : editYaml(text, edits);
};

/** What `check` would say of such a file, key and certificate aside. */
export const problemsOf = (file: string, text: string): readonly ConfigProblem[] =>
  validateYaml({ file, text, schema: gatewaySchema, crossCheck }).problems ?? [];

/** The group of the daemon reads it: as the file before, or as its folder. */
const READABLE_FOR_GROUP = 0o640;

/** Why the file cannot be written there, before anything is asked; `null` where it can. */
export const writeHindrance = async (file: string): Promise<string | null> => {
  const target = await realpath(file).catch(() => file);
  const found = await stat(target).catch(() => null);
  const kind = found === null ? null : otherKindOf(found);
  if (kind !== null) return `${file} is ${kind}: name another file by --config`;
  const folder = dirname(target);
  return await access(folder, constants.W_OK).then(
    () => null,
    (error: unknown) => {
      const code = errorCode(error);
      return code === 'ENOENT' || code === 'ENOTDIR'
        ? `there is no folder ${folder}`
        : `${folder} cannot be written to (${code}): run it with sudo, or name another file by --config`;
    },
  );
};

/** Writes a file whole or not at all; owner and mode are those of the file before. */
export const writeWhole = async (file: string, text: string): Promise<void> => {
  const target = await realpath(file).catch(() => file);
  const old = await stat(target).catch(() => null);
  const { uid, gid } = old ?? (await stat(dirname(target)));
  const mode = old?.mode ?? READABLE_FOR_GROUP;
  await replaceFile(target, text, { mode, uid, gid }).catch(async (error: unknown) => {
    // Only root may give a file away; another user's file is that user's.
    if (errorCode(error) !== 'EPERM') throw error;
    await replaceFile(target, text, { mode });
  });
};

/** Gives the file that is there a second name, under which it stays when the first gets another content. */
export const keepOld = async (file: string, stamp: string): Promise<string> => {
  const target = await realpath(file);
  const kept = `${target}.${stamp}`;
  await link(target, kept).catch(async (error: unknown) => {
    if (errorCode(error) === 'EEXIST') throw error;
    await createFile(kept, await readFile(target), await stat(target));
  });
  return kept;
};
