import { reasonCodeText } from './link-reason.ts';
import type { PublishResult } from './publisher.ts';

/** PUBACK and DISCONNECT reason codes that are about the payload or its topic, and will be the same tomorrow. */
const permanentReasonCodes: ReadonlySet<number> = new Set([
  0x90, // topic name invalid
  0x95, // packet too large
  0x99, // payload format invalid
]);

const PACKET_TOO_LARGE = 0x95;

/** From 0x80 on a reason code says no (MQTT 5, 2.4). */
const isRefusal = (reasonCode: number): boolean => reasonCode >= 0x80;

const refused = (reasonCode: number): PublishResult => ({
  kind: 'refused',
  reasonCode,
  reason: reasonCodeText(reasonCode),
  isPermanent: permanentReasonCodes.has(reasonCode),
});

type Settle = (result: PublishResult) => void;

/** The publishes of one connection that wait for their PUBACK; each is settled exactly once. */
export class InFlight {
  readonly #settles = new Set<Settle>();

  /** `acknowledgement` resolves with the reason code of the PUBACK. */
  track(acknowledgement: Promise<number>): Promise<PublishResult> {
    return new Promise((resolve) => {
      const settle: Settle = (result) => {
        if (this.#settles.delete(settle)) resolve(result);
      };
      this.#settles.add(settle);
      acknowledgement.then(
        (reasonCode) => settle(isRefusal(reasonCode) ? refused(reasonCode) : { kind: 'acknowledged' }),
        (error: Error) =>
          settle(
            // The client holds a packet against the size that the broker announced, and does not send it.
            error.message.includes('PACKET_VALIDATION')
              ? refused(PACKET_TOO_LARGE)
              : { kind: 'unacknowledged', reason: error.message },
          ),
      );
    });
  }

  /** The connection has ended. A farewell about a payload means the one that was in flight, if it was alone. */
  settleAll(reason: string, farewell = 0): void {
    const isAboutPayload = permanentReasonCodes.has(farewell) && this.#settles.size === 1;
    const result = isAboutPayload ? refused(farewell) : ({ kind: 'unacknowledged', reason } as const);
    for (const settle of [...this.#settles]) settle(result);
  }
}
