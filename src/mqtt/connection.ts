import type { OnMessage, PublishOptions, PublishResult, SubscribeResult } from './publisher.ts';

/** Why there is no connection, or no longer one. */
export type ConnectionEnd = {
  /** For a person: what happened and what may be wrong. */
  readonly reason: string;
  /**
   * `unreachable`: no answer at all, asking again costs next to nothing ·
   * `broken`: an established connection ended without a word ·
   * `refused`: the endpoint answered no, and will most likely do so again ·
   * `taken over`: another client connected with this client id.
   */
  readonly kind: 'unreachable' | 'broken' | 'refused' | 'taken over';
  /** The attempt failed before the broker answered CONNECT. */
  readonly isHandshake?: boolean;
};

/** One MQTT connection from CONNACK to its end. Nothing of it outlives it: no queue, no session. */
export type Connection = {
  /** Resolves when the connection ends, also after `close`. */
  readonly ended: Promise<ConnectionEnd>;
  publish(topic: string, payload: string, options?: PublishOptions): Promise<PublishResult>;
  /** Sends one SUBSCRIBE at once; `onMessage` gets what matches a filter until the connection ends. */
  subscribe(filters: readonly string[], onMessage: OnMessage): Promise<SubscribeResult>;
  /** Settles what waits for its PUBACK as unacknowledged, leaves the will behind, frees everything. */
  close(): Promise<void>;
};

export class ConnectError extends Error {
  readonly end: ConnectionEnd;

  constructor(end: ConnectionEnd, options?: ErrorOptions) {
    super(end.reason, options);
    this.name = 'ConnectError';
    this.end = end;
  }
}

/** Makes one attempt; rejects with `ConnectError`, also when the signal aborts. */
export type Connect = (signal: AbortSignal) => Promise<Connection>;
