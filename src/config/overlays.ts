import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type CatalogueEntry, catalogue } from '../instruments/catalogue.ts';
import { replaceFile } from '../store/durable-file.ts';
import { errorCode } from '../weather/format.ts';
import { crossCheck } from './cross-checks.ts';
import { type LoadOptions, loadConfig, withAbsolutePaths } from './load.ts';
import { checkRemoteValues, mergeRemoteValues, type RemoteValues } from './remote-part.ts';
import { type GatewayConfig, gatewaySchemaOf } from './schema.ts';
import { type ConfigProblem, readTextFile } from './text-file.ts';
import { validateYaml } from './validate.ts';
import { parseYaml } from './yaml-document.ts';

const overlay = z.object({
  /** By which its sender knows it. */
  id: z.string(),
  /** Of the shadow it came with. */
  version: z.int(),
  values: z.record(z.string(), z.unknown()),
});

/** Values from afar that go before those of the station's own file. */
export type Overlay = Readonly<z.output<typeof overlay>>;

const overlayProblem = z.object({ path: z.string(), found: z.string(), allowed: z.string() });

/** Why an overlay was not taken, or not kept. */
export type OverlayProblem = Readonly<z.output<typeof overlayProblem>>;

const overlays = z.object({
  /** With it, the station has delivered readings for a while. */
  kept: overlay.nullable(),
  /** Has to show that first. `starts`: how often the daemon has started with it. */
  trial: overlay.extend({ starts: z.int() }).nullable(),
  /** The last one that was not taken, or not kept: it is not tried again. */
  dropped: z.object({ id: z.string().nullable(), identity: z.string(), problem: overlayProblem }).nullable(),
});

/** All that a station remembers of configuration from afar. */
export type Overlays = Readonly<z.output<typeof overlays>>;

export const noOverlays: Overlays = { kept: null, trial: null, dropped: null };

/** After so many starts without a proof that it works, the one before is back: crashes, power cuts, reboots. */
const MAX_STARTS = 5;

/** Larger than one that holds two overlays of the largest size. */
const MAX_FILE_BYTES = 65_536;

export const overlaysFileIn = (directory: string): string => join(directory, 'remote-configuration.json');

const UNREADABLE: Overlays = {
  ...noOverlays,
  dropped: {
    id: null,
    identity: '',
    problem: {
      path: '',
      found: 'a file of the station that could not be read',
      allowed: 'send the configuration again',
    },
  },
};

/** `null` where this user may not read it; a damaged file is as none, and says so. */
const readOverlays = async (directory: string): Promise<Overlays | null> => {
  let text: string;
  try {
    text = await readFile(overlaysFileIn(directory), 'utf8');
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return noOverlays;
    if (code === 'EACCES' || code === 'EPERM') return null;
    return UNREADABLE;
  }
  try {
    return text.length > MAX_FILE_BYTES ? UNREADABLE : overlays.parse(JSON.parse(text));
  } catch {
    return UNREADABLE;
  }
};

export const writeOverlays = (directory: string, state: Overlays): Promise<void> =>
  replaceFile(overlaysFileIn(directory), JSON.stringify(state), { mode: 0o600 });

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
};

/** The same for the same value, whatever the order of its keys. */
export const canonicalJson = (value: unknown): string => JSON.stringify(sorted(value)) ?? '';

/** Tells what was sent from whatever else was, however broken it is. */
export const identityOf = (configuration: unknown): string =>
  createHash('sha256').update(canonicalJson(configuration)).digest('hex').slice(0, 16);

/** Of what it was sent as. */
export const identityOfOverlay = ({ id, values }: Pick<Overlay, 'id' | 'values'>): string =>
  identityOf([{ id, values }]);

const MERGED = 'with the configuration from afar';

const problemOf = (problems: readonly ConfigProblem[]): OverlayProblem => {
  const [first] = problems;
  const { key = '', found = 'nothing', allowed = 'a configuration' } = first ?? {};
  return { path: key, found, allowed };
};

export type Merged =
  | { readonly config: GatewayConfig; readonly problem?: undefined }
  | { readonly config?: undefined; readonly problem: OverlayProblem };

/** The file of the station with these values, checked whole as the file alone is. */
export const loadMerged = async (
  file: string,
  values: RemoteValues,
  options: LoadOptions = {},
): Promise<Merged> => {
  const own = await loadConfig(file, options);
  if (own.problems !== undefined) return { problem: problemOf(own.problems) };
  return await mergeIntoFile(file, values, options);
};

/** The same for a file that is right by itself. */
const mergeIntoFile = async (file: string, values: RemoteValues, options: LoadOptions): Promise<Merged> => {
  const { text = '' } = await readTextFile(file, '');
  return mergeWith(file, parseYaml(text).value, values, options);
};

const mergeWith = (
  file: string,
  base: unknown,
  values: RemoteValues,
  { instruments = catalogue, credentialsDirectory }: LoadOptions,
): Merged => {
  const remote = checkRemoteValues({ file: MERGED, text: JSON.stringify(values), base, instruments });
  if (remote.problems !== undefined) return { problem: problemOf(remote.problems) };
  const merged = validateYaml({
    file: MERGED,
    text: JSON.stringify(mergeRemoteValues(base, remote.value)),
    schema: gatewaySchemaOf(instruments as readonly CatalogueEntry[]),
    crossCheck: (data) => crossCheck(data, instruments),
  });
  if (merged.problems !== undefined) return { problem: problemOf(merged.problems) };
  return { config: withAbsolutePaths(file, merged.value, credentialsDirectory) };
};

export type StationConfig = {
  /** What is in force. */
  readonly config: GatewayConfig;
  /** The file of the station alone. */
  readonly own: GatewayConfig;
  readonly inForce: 'own' | 'kept' | 'trial';
  readonly overlays: Overlays;
  /** This user may not read what came from afar. */
  readonly isHidden: boolean;
  readonly problems?: undefined;
};

type LoadedStationConfig =
  | StationConfig
  | { readonly config?: undefined; readonly problems: readonly ConfigProblem[] };

type StationLoadOptions = LoadOptions & {
  /** $STATE_DIRECTORY. */
  readonly stateDirectory?: string | undefined;
};

const droppedOf = (dropped: Overlay, problem: OverlayProblem): Overlays['dropped'] => ({
  id: dropped.id,
  identity: identityOfOverlay(dropped),
  problem,
});

/** Without the one on trial, which is not tried again. */
export const dropTrial = (state: Overlays, problem: OverlayProblem): Overlays =>
  state.trial === null ? state : { ...state, trial: null, dropped: droppedOf(state.trial, problem) };

/** The first of trial and kept one that can be in force, and what has to be remembered of the others. */
const chooseOverlay = async (
  file: string,
  found: Overlays,
  options: LoadOptions,
): Promise<Pick<StationConfig, 'inForce' | 'overlays'> & { readonly config?: GatewayConfig }> => {
  let state = found;
  if (state.trial !== null) {
    const { trial } = state;
    const merged: Merged =
      trial.starts < MAX_STARTS
        ? await mergeIntoFile(file, trial.values, options)
        : {
            problem: {
              path: '',
              found: `${trial.starts} starts without readings that were delivered for long enough`,
              allowed: 'a configuration with which the station works',
            },
          };
    if (merged.problem === undefined) return { inForce: 'trial', overlays: state, config: merged.config };
    state = dropTrial(state, merged.problem);
  }
  if (state.kept !== null) {
    const { kept } = state;
    const merged = await mergeIntoFile(file, kept.values, options);
    if (merged.problem === undefined) return { inForce: 'kept', overlays: state, config: merged.config };
    state = { ...state, kept: null, dropped: droppedOf(kept, merged.problem) };
  }
  return { inForce: 'own', overlays: state };
};

/** What was loaded, and the overlays as they are on the disk; `null` where none are looked at, or none can be. */
type Opened = { readonly loaded: LoadedStationConfig; readonly onDisk: Overlays | null };

const openStationConfig = async (file: string, options: StationLoadOptions): Promise<Opened> => {
  const own = await loadConfig(file, options);
  if (own.config === undefined) return { loaded: own, onDisk: null };
  const alone: StationConfig = {
    config: own.config,
    own: own.config,
    inForce: 'own',
    overlays: noOverlays,
    isHidden: false,
  };
  if (!own.config.aws.remoteConfiguration) return { loaded: alone, onDisk: null };
  const onDisk = await readOverlays(directoryOf(own.config, options));
  if (onDisk === null) return { loaded: { ...alone, isHidden: true }, onDisk };
  return { loaded: { ...alone, ...(await chooseOverlay(file, onDisk, options)) }, onDisk };
};

const directoryOf = (own: GatewayConfig, { stateDirectory }: StationLoadOptions): string =>
  stateDirectory ?? own.outbox.directory;

/**
 * The configuration of a station: its own file, and over it what came from afar, as long as both together are right.
 * What came from afar never keeps a station from starting. A file that is wrong by itself is a problem in any case.
 */
export const loadStationConfig = async (
  file: string,
  options: StationLoadOptions = {},
): Promise<LoadedStationConfig> => (await openStationConfig(file, options)).loaded;

/**
 * The same for a daemon that starts: what it decides is on the disk before the daemon runs by it. Where the disk takes
 * nothing, nobody could count the starts, and an overlay on trial waits.
 */
export const startStationConfig = async (
  file: string,
  options: StationLoadOptions = {},
): Promise<LoadedStationConfig> => {
  const { loaded, onDisk } = await openStationConfig(file, options);
  if (loaded.problems !== undefined || onDisk === null) return loaded;
  const { trial } = loaded.overlays;
  const isTrial = loaded.inForce === 'trial' && trial !== null;
  const next = isTrial
    ? { ...loaded.overlays, trial: { ...trial, starts: trial.starts + 1 } }
    : loaded.overlays;
  if (canonicalJson(onDisk) === canonicalJson(next)) return loaded;
  try {
    await writeOverlays(directoryOf(loaded.own, options), next);
    return { ...loaded, overlays: next };
  } catch {
    if (!isTrial) return loaded;
    const waiting = { ...loaded.overlays, trial: null };
    const { config = loaded.own, inForce } = await chooseOverlay(file, waiting, options);
    return { ...loaded, config, inForce };
  }
};
