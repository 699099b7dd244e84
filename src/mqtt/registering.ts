import { type ClaimProgress, type Registration, saveProgress } from '../certificate/claim-folder.ts';
import { keyPairOf } from '../certificate/key-pairs.ts';
import { gatewaySchema } from '../config/schema.ts';
import {
  FleetProvisioning,
  type ProvisioningAnswer,
  type ProvisioningParts,
  type Registered,
} from './fleet-provisioning.ts';

export type RegisteringParts = {
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
