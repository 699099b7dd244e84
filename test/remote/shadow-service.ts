type Section = Readonly<Record<string, unknown>>;
type Message = { readonly topic: string; readonly payload: string };

const isMapping = (value: unknown): value is Section =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** As a shadow merges: a mapping key by key, a list whole, `null` takes away. */
const merge = (before: unknown, update: Section): Section => {
  const merged: Record<string, unknown> = isMapping(before) ? { ...before } : {};
  for (const [key, value] of Object.entries(update)) {
    if (value === null) delete merged[key];
    else merged[key] = isMapping(value) ? merge(merged[key], value) : value;
  }
  return merged;
};

const differences = (desired: Section, reported: Section): Section =>
  Object.fromEntries(
    Object.entries(desired).flatMap(([key, value]) => {
      const other = reported[key];
      if (JSON.stringify(value) === JSON.stringify(other)) return [];
      if (!isMapping(value) || !isMapping(other)) return [[key, value]];
      const inner = differences(value, other);
      return Object.keys(inner).length === 0 ? [] : [[key, inner]];
    }),
  );

/** What AWS IoT takes of what is desired and reported. */
const MAX_BYTES = 8_192;

/**
 * A double of the named shadow `config` of one thing: merges updates, counts versions, and says what is desired and not reported
 * after each. Hold it against https://docs.aws.amazon.com/iot/latest/developerguide/device-shadow-mqtt.html.
 */
export class ShadowService {
  desired: Section = {};
  reported: Section = {};
  version = 0;
  /** Updates that were too large, or with half a character. */
  rejected = 0;
  /** Bodies of the station's updates. */
  readonly updates: Section[] = [];
  /** What becomes of each delta on its way; a test makes it none, several or another one. */
  deliver: (delta: Message) => readonly Message[] = (delta) => [delta];
  readonly topic: string;
  readonly #send: (topic: string, payload: string) => void;

  constructor(thing: string, send: (topic: string, payload: string) => void) {
    this.topic = `$aws/things/${thing}/shadow/name/config`;
    this.#send = send;
  }

  /** An operator wants this; the answer to it is a delta. */
  want(configuration: unknown): void {
    this.desired = merge(this.desired, { configuration });
    this.#changed();
  }

  /** A station published this. */
  receive(topic: string, payload: string): void {
    if (topic !== `${this.topic}/update`) return;
    const { state } = JSON.parse(payload) as { state: { reported: Section } };
    this.updates.push(state.reported);
    const reported = merge(this.reported, state.reported);
    if (
      Buffer.byteLength(JSON.stringify({ desired: this.desired, reported })) > MAX_BYTES ||
      /\\ud[89a-f]/.test(payload)
    ) {
      // Nobody listens to the rejection.
      this.rejected += 1;
      return;
    }
    this.reported = reported;
    this.#changed();
  }

  #changed(): void {
    this.version += 1;
    const state = differences(this.desired, this.reported);
    if (Object.keys(state).length === 0) return;
    const delta = {
      topic: `${this.topic}/update/delta`,
      payload: JSON.stringify({ version: this.version, timestamp: 1_577_836_800, state, metadata: {} }),
    };
    for (const message of this.deliver(delta)) this.#send(message.topic, message.payload);
  }
}
