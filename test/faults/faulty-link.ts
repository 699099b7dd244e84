import type { Identity } from '../../src/certificate/certificate-authority.ts';
import {
  type Acceptance,
  type Broker,
  type BrokerAnswer,
  type BrokerMessage,
  startBroker,
} from '../../src/demo/broker.ts';
import { createFaultProxy, type FaultProxy } from '../system/fault-proxy.ts';
import type { Mosquitto } from '../system/mosquitto.ts';
import { type HostileBroker, type Rival, startFloodingBroker, startRival } from './hostile-peers.ts';
import type { Draw } from './random.ts';

export const linkFaults = [
  'cut',
  'black hole',
  'slow link',
  'client certificate refused',
  'connection refused by the broker',
  'PUBACK with a failure code',
  'refused lane',
  'lane that ends the connection',
  'refusals for good',
  'illegal CONNACK',
  'no PUBACK',
  'connection dropped instead of a PUBACK',
  'small-packet path',
  'another client with the same id',
  'flooding broker',
] as const;
/** What a broker has against a payload: readings are set aside. */
export const payloadFaults = ['payload refused for good', 'reading larger than the broker takes'] as const;
export type LinkFault = (typeof linkFaults)[number] | (typeof payloadFaults)[number];

export type FaultyLinkParts = {
  /** Station and MQTT client id. */
  readonly id: string;
  readonly mosquitto: Mosquitto;
  readonly server: Identity;
  /** Lets in nobody that the station could be. */
  readonly otherAuthority: string;
  readonly draw: Draw;
  /** What the misbehaving broker took; what mosquitto took is told by those who listen there. */
  readonly onTaken: (topic: string, payload: string) => void;
};

const SLOW_BYTES_PER_SECOND = 4_000;
const SMALL_MESSAGE_BYTES = 3_000;
const SMALL_PACKET_BYTES = 250;
const NOT_AUTHORISED = 0x87;
const PAYLOAD_FORMAT_INVALID = 0x99;
const TOPIC_NAME_INVALID = 0x90;
const LANES = ['/prealert', '/gap', '/reading', '/backlog'] as const;
const FAILURE = 0x80;
const REFUSALS: readonly [number, ...number[]] = [FAILURE, 0x83, NOT_AUTHORISED, 0x97];

const accepted: Acceptance = { reasonCode: 0 };

/** The network of a station, with mosquitto, a broker that misbehaves and one that knows nobody behind it. */
export class FaultyLink {
  readonly #parts: FaultyLinkParts;
  readonly #proxy: FaultProxy;
  readonly #scripted: Broker;
  readonly #stranger: Broker;
  readonly #flooding: HostileBroker;
  #rival: Rival | undefined;
  #answer: (message: BrokerMessage) => BrokerAnswer = () => ({ reasonCode: 0 });
  #acceptance: Acceptance = accepted;

  private constructor(
    parts: FaultyLinkParts,
    world: {
      readonly proxy: FaultProxy;
      readonly scripted: Broker;
      readonly stranger: Broker;
      readonly flooding: HostileBroker;
    },
  ) {
    this.#parts = parts;
    this.#proxy = world.proxy;
    this.#scripted = world.scripted;
    this.#stranger = world.stranger;
    this.#flooding = world.flooding;
  }

  static async create(parts: FaultyLinkParts): Promise<FaultyLink> {
    const { server, mosquitto, otherAuthority } = parts;
    const self: { link?: FaultyLink } = {};
    const world = {
      proxy: await createFaultProxy(),
      stranger: await startBroker({ server, clientAuthority: otherAuthority }),
      flooding: await startFloodingBroker(server, mosquitto.authority.certificate),
      scripted: await startBroker({
        server,
        clientAuthority: mosquitto.authority.certificate,
        onConnect: () => (self.link === undefined ? accepted : self.link.#acceptance),
        onPublish: (message) => (self.link === undefined ? 'silence' : self.link.#take(message)),
      }),
    };
    self.link = new FaultyLink(parts, world);
    return self.link;
  }

  get port(): number {
    return this.#proxy.port;
  }

  /** Back to the real broker on a good link. */
  async heal(): Promise<void> {
    await this.#rival?.stop();
    this.#rival = undefined;
    await this.#proxy.open(this.#parts.mosquitto.port);
  }

  cut(): Promise<void> {
    return this.#proxy.cut();
  }

  async dispose(): Promise<void> {
    await this.#proxy.cut();
    await this.#rival?.stop();
    await Promise.all([this.#stranger.close(), this.#scripted.close(), this.#flooding.close()]);
  }

  readonly faults: Readonly<Record<LinkFault, () => Promise<void>>> = {
    cut: () => this.#proxy.cut(),
    'black hole': () => Promise.resolve(this.#proxy.swallow()),
    'slow link': () => this.#proxy.open(this.#parts.mosquitto.port, SLOW_BYTES_PER_SECOND),
    'small-packet path': () => this.#proxy.open(this.#parts.mosquitto.port, undefined, SMALL_MESSAGE_BYTES),
    'another client with the same id': () => this.#fightForId(),
    'flooding broker': () => this.#proxy.open(this.#flooding.port),
    'client certificate refused': () => this.#proxy.open(this.#stranger.port),
    'connection refused by the broker': () => this.#script(() => accepted, { reasonCode: NOT_AUTHORISED }),
    'PUBACK with a failure code': () => {
      const reasonCode = this.#parts.draw.oneOf(REFUSALS);
      let isRefusing = false;
      // Some are taken in between: what is refused must not be overtaken.
      return this.#script(() => {
        isRefusing = !isRefusing;
        return { reasonCode: isRefusing ? reasonCode : 0 };
      });
    },
    'refused lane': () => this.#scriptLane({ reasonCode: NOT_AUTHORISED }),
    'lane that ends the connection': () => this.#scriptLane({ disconnect: NOT_AUTHORISED }),
    'refusals for good': () => {
      const reasonCode = this.#parts.draw.oneOf([PAYLOAD_FORMAT_INVALID, TOPIC_NAME_INVALID]);
      return this.#script(() => ({ reasonCode }));
    },
    // A maximum packet size of 0 is a protocol error.
    'illegal CONNACK': () => this.#script(() => accepted, { reasonCode: 0, maximumPacketSize: 0 }),
    'no PUBACK': () => this.#script(() => 'silence'),
    'connection dropped instead of a PUBACK': () => this.#script(() => 'drop'),
    'payload refused for good': () =>
      this.#script(({ topic }) => ({ reasonCode: topic.endsWith('/gap') ? 0 : PAYLOAD_FORMAT_INVALID })),
    'reading larger than the broker takes': () =>
      this.#script(() => accepted, { reasonCode: 0, maximumPacketSize: SMALL_PACKET_BYTES }),
  };

  async #fightForId(): Promise<void> {
    const { id, mosquitto } = this.#parts;
    const identity = await mosquitto.authority.issueClient(id);
    const rootCa = mosquitto.authority.certificate;
    this.#rival = await startRival(mosquitto.port, { clientId: id, identity, rootCa });
  }

  /** Something is answered on one topic, and everything else is taken. */
  #scriptLane(answer: BrokerAnswer): Promise<void> {
    const lane = this.#parts.draw.oneOf(LANES);
    return this.#script(({ topic }) => (topic.endsWith(lane) ? answer : accepted));
  }

  #take(message: BrokerMessage): BrokerAnswer {
    const answer = message.retain ? accepted : this.#answer(message);
    const isTaken = typeof answer === 'object' && 'reasonCode' in answer && answer.reasonCode < FAILURE;
    // A broker without AWS IoT behind it takes a question for jobs, and nobody answers.
    if (isTaken && !message.topic.startsWith('$aws/')) this.#parts.onTaken(message.topic, message.payload);
    return answer;
  }

  #script(answer: (message: BrokerMessage) => BrokerAnswer, acceptance = accepted): Promise<void> {
    this.#answer = answer;
    this.#acceptance = acceptance;
    return this.#proxy.open(this.#scripted.port);
  }
}
