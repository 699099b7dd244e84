import { z } from 'zod';

/** The named shadow of a thing by which its configuration comes from afar. */
export const SHADOW_NAME = 'config';

export type ShadowTopics = {
  readonly update: string;
  /** What a station subscribes to. The policy in cloud/stack/devices.ts allows this and no other. */
  readonly filters: readonly string[];
};

export const shadowTopicsOf = (thing: string): ShadowTopics => {
  const shadow = `$aws/things/${thing}/shadow/name/${SHADOW_NAME}`;
  return { update: `${shadow}/update`, filters: [`${shadow}/update/delta`] };
};

/**
 * `desired.configuration` and `reported.configuration`: a list, which a shadow replaces whole. So whatever the station has of it
 * is what somebody sent, and not a mixture; and what was taken away is seen.
 */
const sentConfiguration = z.tuple([
  z.strictObject({
    /** Of this sending: the same values are tried again under another one. */
    id: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
    /** The part of a gateway.yaml that is to be another one; empty for the file of the station alone. */
    values: z.record(z.string(), z.unknown()),
  }),
]);

export type SentConfiguration = z.output<typeof sentConfiguration>[0];

export const parseSentConfiguration = (configuration: unknown): SentConfiguration | null =>
  sentConfiguration.safeParse(configuration).data?.[0] ?? null;

const deltaSchema = z.object({
  version: z.int().min(0),
  state: z.object({ configuration: z.unknown() }),
});

/** AWS IoT takes 8 levels. What is nested by thousands ends whatever goes through it level by level. */
const MAX_LEVELS = 32;

const isDeeper = (value: unknown, levels: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1)));

/** What somebody wants, where that is not what the station has reported; `null` for what is no such message. */
export const parseDelta = (
  payload: string,
): { readonly version: number; readonly configuration: unknown } | null => {
  try {
    const { version, state } = deltaSchema.parse(JSON.parse(payload));
    const { configuration } = state;
    return configuration === undefined || isDeeper(configuration, MAX_LEVELS)
      ? null
      : { version, configuration };
  } catch {
    return null;
  }
};

/** What a station says of its configuration. `null` takes a field out of the shadow. */
export type ReportedConfiguration = {
  readonly release: string;
  /** What is in force: nothing for the file of the station alone. */
  readonly configuration: readonly SentConfiguration[] | null;
  /** `trial`: a reading was delivered with it; it is `kept` when that goes on. `own`: the file of the station alone. */
  readonly state: 'own' | 'kept' | 'trial' | null;
  /** Of the shadow, when it was taken. */
  readonly version: number | null;
  /** One object: the values by which the station works, as far as there is room. */
  readonly effective: readonly object[] | null;
  /** Of the last that was not taken, or not kept. */
  readonly problem: {
    readonly id: string | null;
    readonly path: string;
    readonly found: string;
    readonly allowed: string;
  } | null;
};
