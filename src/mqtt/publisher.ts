export type PublishResult =
  | { readonly kind: 'acknowledged' }
  /** The broker answered no. `isPermanent`: this payload will never be taken (MQTT 5 reason codes 0x90, 0x95, 0x99). */
  | {
      readonly kind: 'refused';
      readonly reasonCode: number;
      readonly reason: string;
      readonly isPermanent: boolean;
    }
  /** No connection, or it broke before the answer, or (`isStalled`) none came. May have arrived all the same. */
  | { readonly kind: 'unacknowledged'; readonly reason: string; readonly isStalled?: boolean };

export type LinkState =
  | { readonly state: 'disconnected'; readonly reason: string }
  /** `reason`: why the attempt before failed, where that is known. */
  | { readonly state: 'connecting'; readonly reason?: string }
  | { readonly state: 'connected' };

export type PublishOptions = { readonly retain?: boolean };

/** A message that the broker sent. */
export type Incoming = { readonly topic: string; readonly payload: string };
/** Must not throw. */
export type OnMessage = (message: Incoming) => void;

export type SubscribeResult =
  | { readonly kind: 'subscribed' }
  /** The broker answered no, to one of the filters at least. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** There was no connection, or it ended before an answer. `wasSent`: the SUBSCRIBE may be the reason. */
  | { readonly kind: 'unanswered'; readonly reason: string; readonly wasSent: boolean };

/** An MQTT 5 connection at QoS 1 that keeps itself up and queues nothing. */
export type Publisher = {
  /** Returns at once and connects in the background until it is stopped. */
  start(): void;
  /** Never rejects for anything the network or the broker does. */
  publish(topic: string, payload: string, options?: PublishOptions): Promise<PublishResult>;
  /**
   * Until this connection ends; the next one has to be asked again. A broker may end the connection of a client that its
   * policy forbids to subscribe, so the SUBSCRIBE is sent only once something was acknowledged. Never rejects either.
   */
  subscribe(filters: readonly string[], onMessage: OnMessage): Promise<SubscribeResult>;
  link(): LinkState;
  /** What hinders the link although it may be up, for a person: another client with this id, a key without its certificate. */
  problem(): string | null;
  /** Called at every change of the link; returns how to stop listening. */
  onLink(listener: (link: LinkState) => void): () => void;
  /** Drops the connection and makes a new one: for a link that is up but acknowledges nothing. */
  reconnect(reason: string): void;
  /** Publishes nothing more; resolves once the connection is closed and the client freed. */
  stop(): Promise<void>;
};

/** Whether a topic matches an MQTT topic filter: `+` is one level, a last `#` is the rest. */
export const matchesFilter = (filter: string, topic: string): boolean => {
  const wanted = filter.split('/');
  const levels = topic.split('/');
  const isOpen = wanted.at(-1) === '#';
  if (isOpen) wanted.pop();
  const isLongEnough = isOpen ? levels.length >= wanted.length : levels.length === wanted.length;
  return isLongEnough && wanted.every((level, index) => level === '+' || level === levels[index]);
};

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
