import { createHash, X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { type ClaimProgress, type Registration, saveProgress } from '../certificate/claim-folder.ts';
import { keyPairOf } from '../certificate/key-pairs.ts';
import { gatewaySchema } from '../config/schema.ts';
import type { Clock } from '../time/clock.ts';
import { parseJson, printable } from '../weather/format.ts';
import { STATION_ID } from '../weather/message.ts';
import type { Connection, Incoming } from './publisher.ts';

type ProvisioningParts = {
  readonly connection: Pick<Connection, 'ended' | 'publish' | 'subscribe'>;
  /** Name of the provisioning template. */
  readonly template: string;
  readonly clock: Pick<Clock, 'sleep'>;
};

export type ProvisioningAnswer<T> =
  | { readonly kind: 'accepted'; readonly value: T }
  /** AWS IoT said no. `statusCode` as in HTTP: 403 is the refusal of the hook. */
  | { readonly kind: 'rejected'; readonly statusCode: number; readonly reason: string }
  /** No answer, or none that can be used. */
  | { readonly kind: 'failed'; readonly reason: string };

const DEADLINE_MS = 30_000;

const CREATE = '$aws/certificates/create-from-csr/json';

const issuedSchema = z.object({
  certificatePem: z.string().max(20_000),
  certificateOwnershipToken: z.string().max(8_000),
});

const registeredSchema = z.object({
  thingName: z.string().regex(STATION_ID),
  deviceConfiguration: z.record(z.string(), z.unknown()).default({}),
});

const rejectedSchema = z.object({
  statusCode: z.int().default(0),
  errorCode: z.string().default('no code'),
  errorMessage: z.string().default('no reason given'),
});

type Issued = Readonly<z.infer<typeof issuedSchema>>;
export type Registered = Readonly<z.infer<typeof registeredSchema>>;

/**
 * The policy of a claim lets each certificate connect under this name alone, with AWS IoT's id of the certificate: its
 * fingerprint.
 */
export const provisioningClientId = (certificate: string): string =>
  `claim-${createHash('sha256').update(new X509Certificate(certificate).raw).digest('hex')}`;

const failed = (reason: string) => ({ kind: 'failed', reason }) as const;

/**
 * The two requests of AWS IoT's fleet provisioning, one at a time. The service client of the SDK is not used: it leaves
 * requests open when the connection ends.
 */
class FleetProvisioning {
  readonly #parts: ProvisioningParts;

  constructor(parts: ProvisioningParts) {
    this.#parts = parts;
  }

  createCertificate(signingRequest: string, signal: AbortSignal): Promise<ProvisioningAnswer<Issued>> {
    return this.#request(CREATE, { certificateSigningRequest: signingRequest }, issuedSchema, signal);
  }

  register(
    token: string,
    parameters: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<ProvisioningAnswer<Registered>> {
    const topic = `$aws/provisioning-templates/${this.#parts.template}/provision/json`;
    return this.#request(topic, { certificateOwnershipToken: token, parameters }, registeredSchema, signal);
  }

  async #request<T>(
    topic: string,
    payload: object,
    schema: z.ZodType<T>,
    signal: AbortSignal,
  ): Promise<ProvisioningAnswer<T>> {
    const { connection, clock } = this.#parts;
    const over = new AbortController();
    const late = clock
      .sleep(DEADLINE_MS, AbortSignal.any([over.signal, signal]))
      .then(() => `no answer on ${topic} within ${DEADLINE_MS / 1_000} s`)
      .catch(() => 'stopped');
    const lost = connection.ended.then(({ reason }) => reason);
    try {
      const answer = await Promise.race([this.#exchange(topic, JSON.stringify(payload)), late, lost]);
      return typeof answer === 'string' ? failed(answer) : this.#read(answer, topic, schema);
    } finally {
      over.abort();
    }
  }

  /** Resolves with the first answer, or with why there can be none. */
  async #exchange(topic: string, payload: string): Promise<Incoming | string> {
    const { connection } = this.#parts;
    let onAnswer: (answer: Incoming) => void = () => undefined;
    const answered = new Promise<Incoming>((resolve) => {
      onAnswer = resolve;
    });
    const subscribed = await connection.subscribe([`${topic}/accepted`, `${topic}/rejected`], onAnswer);
    if (subscribed.kind !== 'subscribed')
      return `the answers to ${topic} cannot be subscribed to: ${subscribed.reason}`;
    const published = await Promise.race([connection.publish(topic, payload), answered]);
    if ('kind' in published && published.kind !== 'acknowledged')
      return `${topic} is refused: ${published.reason}`;
    return await answered;
  }

  #read<T>(answer: Incoming, topic: string, schema: z.ZodType<T>): ProvisioningAnswer<T> {
    const body = parseJson(answer.payload);
    if (answer.topic.endsWith('/rejected')) {
      const { data } = rejectedSchema.safeParse(body);
      return data === undefined
        ? failed(`an answer on ${topic} that cannot be read`)
        : {
            kind: 'rejected',
            statusCode: data.statusCode,
            reason: printable(`${data.errorMessage} (${data.errorCode})`).slice(0, 300),
          };
    }
    const { data } = schema.safeParse(body);
    return data === undefined
      ? failed(`an answer on ${topic} that cannot be read`)
      : { kind: 'accepted', value: data };
  }
}

type RegisteringParts = {
  readonly progressFile: string;
  readonly template: string;
  /** What the hook finds the station by. */
  readonly parameters: Readonly<Record<string, string>>;
  /** The station's own unless the cloud names another. */
  readonly endpoint: string;
  readonly clock: ProvisioningParts['clock'];
};

export type Refusal = Exclude<ProvisioningAnswer<unknown>, { kind: 'accepted' }>;

const FORBIDDEN = 403;

/** The hook does not let this one in. */
export const isForbidden = (answer: ProvisioningAnswer<unknown>): boolean =>
  answer.kind === 'rejected' && answer.statusCode === FORBIDDEN;

const { station, aws } = gatewaySchema.shape;

/** What the template of the stack sends back; what of it cannot be used is left out. */
const registrationOf = (
  { thingName, deviceConfiguration }: Registered,
  { endpoint, template }: Pick<RegisteringParts, 'endpoint' | 'template'>,
): Registration => {
  const text = (name: string): unknown => deviceConfiguration[name];
  const topicPrefix = aws.shape.topicPrefix.unwrap().safeParse(text('topicPrefix')).data;
  return {
    stationId: thingName,
    name: station.shape.name.safeParse(text('name')).data ?? thingName,
    endpoint: aws.shape.endpoint.safeParse(text('endpoint')).data ?? endpoint,
    ...(topicPrefix === undefined ? {} : { topicPrefix }),
    template,
  };
};

/** Gets a certificate for a key and registers it, in steps each of which is on the disk before the next one is taken. */
export class Registering {
  readonly #parts: RegisteringParts;
  /** The certificate whose token this process was given just now. */
  #freshCertificate: string | undefined;

  constructor(parts: RegisteringParts) {
    this.#parts = parts;
  }

  async attempt(
    connection: ProvisioningParts['connection'],
    progress: ClaimProgress,
    signal: AbortSignal,
  ): Promise<Registration | Refusal> {
    const { template, clock, parameters, progressFile } = this.#parts;
    const provisioning = new FleetProvisioning({ connection, template, clock });
    const { issued } = progress;
    if (issued !== undefined) {
      const answer = await provisioning.register(issued.token, parameters, signal);
      const isTokenGood = issued.certificate === this.#freshCertificate && isForbidden(answer);
      if (answer.kind !== 'rejected' || isTokenGood) return await this.#take(answer, progress);
      // The token is an hour old, or was used when the answer was lost. The hook knows the key.
    }
    const made = await provisioning.createCertificate(progress.signingRequest, signal);
    if (made.kind !== 'accepted') return made;
    const { certificatePem: certificate, certificateOwnershipToken: token } = made.value;
    if (keyPairOf(certificate, progress.privateKey, '') === null)
      return { kind: 'failed', reason: 'a certificate for another key came back' };
    const next = { ...progress, issued: { certificate, token } };
    await saveProgress(progressFile, next);
    this.#freshCertificate = certificate;
    return await this.#take(await provisioning.register(token, parameters, signal), next);
  }

  async #take(
    answer: ProvisioningAnswer<Registered>,
    progress: ClaimProgress,
  ): Promise<Registration | Refusal> {
    if (answer.kind !== 'accepted') return answer;
    const registration = registrationOf(answer.value, this.#parts);
    await saveProgress(this.#parts.progressFile, { ...progress, registration });
    return registration;
  }
}
