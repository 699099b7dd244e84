import { X509Certificate } from 'node:crypto';
import type { CertificateAuthority } from '../../src/certificate/certificate-authority.ts';

export type Message = { readonly topic: string; readonly payload: string };

const CREATE = '$aws/certificates/create-from-csr/json';

const publicKeyOf = (certificate: string): string =>
  new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' }).toString('base64');

/**
 * What AWS IoT does on the reserved topics of fleet provisioning, with the hook of the stack: signs requests, takes each
 * token once, and lets a board in that is listed, the first time with any key and afterwards with that one alone.
 */
export class FleetDouble {
  /** Station and name by serial number. */
  readonly listed = new Map<string, { readonly id: string; readonly name: string }>();
  /** Stations whose own certificate may ask for another one; who asks is not known here. */
  readonly members = new Set<string>();
  readonly registered = new Map<string, string[]>();
  readonly #authority: CertificateAuthority;
  readonly #template: string;
  readonly #tokens = new Map<string, string>();
  readonly #keys = new Map<string, string>();
  #count = 0;

  constructor(authority: CertificateAuthority, template: string) {
    this.#authority = authority;
    this.#template = template;
  }

  /** An hour later: certificates that nobody registered are deleted. */
  expireTokens(): void {
    this.#tokens.clear();
  }

  /** The operator has revoked a station and listed it again. */
  forget(id: string): void {
    this.registered.delete(id);
    this.#keys.delete(id);
  }

  /** `null` for a topic that is none of these. */
  async answer({ topic, payload }: Message): Promise<Message | null> {
    const respond = (suffix: 'accepted' | 'rejected', body: object): Message => ({
      topic: `${topic}/${suffix}`,
      payload: JSON.stringify(body),
    });
    const reject = (statusCode: number, errorCode: string): Message =>
      respond('rejected', { statusCode, errorCode, errorMessage: `no: ${errorCode}` });
    const request = JSON.parse(payload);
    if (topic === CREATE) {
      const certificatePem = await this.#authority.signRequest(request.certificateSigningRequest);
      this.#count += 1;
      const certificateOwnershipToken = `token-${this.#count}`;
      this.#tokens.set(certificateOwnershipToken, certificatePem);
      return respond('accepted', { certificateId: 'id', certificatePem, certificateOwnershipToken });
    }
    if (topic !== `$aws/provisioning-templates/${this.#template}/provision/json`) return null;
    const certificate = this.#tokens.get(request.certificateOwnershipToken);
    if (certificate === undefined) return reject(400, 'InvalidCertificateOwnershipToken');
    const { SerialNumber, StationId } = request.parameters;
    const member = this.members.has(StationId) ? { id: StationId, name: '' } : undefined;
    const station = member ?? this.listed.get(SerialNumber);
    const key = publicKeyOf(certificate);
    const isOther = member === undefined && (this.#keys.get(station?.id ?? '') ?? key) !== key;
    if (station === undefined || isOther) return reject(403, 'AccessDenied');
    this.#tokens.delete(request.certificateOwnershipToken);
    this.#keys.set(station.id, key);
    this.registered.set(station.id, [...(this.registered.get(station.id) ?? []), certificate]);
    return respond('accepted', {
      thingName: station.id,
      deviceConfiguration: { name: station.name, endpoint: 'localhost', topicPrefix: 'weather' },
    });
  }
}
