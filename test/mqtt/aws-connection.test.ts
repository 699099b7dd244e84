import { once } from 'node:events';
import { connect, createServer, type Server as NetServer, type Socket } from 'node:net';
import process from 'node:process';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { generate, parser, writeToStream } from 'mqtt-packet';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCertificateAuthority } from '../../src/certificate/certificate-authority.ts';
import {
  type Broker,
  type BrokerAnswer,
  type BrokerMessage,
  type BrokerParts,
  startBroker,
} from '../../src/demo/broker.ts';
import { type AwsConnectionParts, awsConnect } from '../../src/mqtt/aws-connection.ts';
import { ConnectError } from '../../src/mqtt/publisher.ts';

const authority = await createCertificateAuthority('Test CA');
const device = await authority.issueClient('1');
const server = await authority.issueServer({ dns: ['localhost'], ip: ['127.0.0.1'] });
const never = new AbortController().signal;

let broker: Broker;
let messages: BrokerMessage[];
let answer: BrokerAnswer;
let acceptance: ReturnType<NonNullable<BrokerParts['onConnect']>>;

beforeEach(async () => {
  messages = [];
  answer = { reasonCode: 0 };
  acceptance = { reasonCode: 0 };
  broker = await startBroker({
    server,
    clientAuthority: authority.certificate,
    onConnect: () => acceptance,
    onPublish: (message) => {
      messages.push(message);
      return answer;
    },
  });
});

afterEach(() => broker.close());

const partsFor = (overrides: Partial<AwsConnectionParts> = {}): AwsConnectionParts => ({
  endpoint: '127.0.0.1',
  port: broker.port,
  clientId: '1',
  ...device,
  rootCa: authority.certificate,
  will: { topic: 'w/1/status', payload: 'offline' },
  ...overrides,
});

const open = (overrides: Partial<AwsConnectionParts> = {}) => awsConnect(partsFor(overrides))(never);

const refusalOf = async (overrides: Partial<AwsConnectionParts>, signal = never) => {
  const error: unknown = await awsConnect(partsFor(overrides))(signal).catch((reason: unknown) => reason);
  if (!(error instanceof ConnectError)) throw new Error(`connected, or failed otherwise: ${String(error)}`);
  return error.end;
};

const untilRetained = async (topic: string): Promise<string> => {
  for (;;) {
    const payload = broker.retained(topic);
    if (payload !== undefined) return payload;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

/** Passes bytes on until it is told to hold them back: the network still looks up. */
const startBlackHole = async (targetPort: number) => {
  const sockets: Socket[] = [];
  const proxy = createServer((client) => {
    const upstream = connect(targetPort, '127.0.0.1');
    sockets.push(client, upstream);
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) socket.on('error', () => socket.destroy());
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const address = proxy.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP port');
  return {
    port: address.port,
    swallow: () => {
      for (const socket of sockets) socket.unpipe().pause();
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      proxy.close();
    },
  };
};

describe('a connection through the AWS SDK', () => {
  it('delivers at QoS 1, retained where asked', async () => {
    const connection = await open();

    expect(await connection.publish('w/1/reading', 'one')).toEqual({ kind: 'acknowledged' });
    await connection.publish('w/1/status', 'online', { retain: true });

    expect(messages.map(({ topic, payload, clientId }) => [clientId, topic, payload])).toEqual([
      ['1', 'w/1/reading', 'one'],
      ['1', 'w/1/status', 'online'],
    ]);
    expect(broker.retained('w/1/status')).toBe('online');
    await connection.close();
  });

  it('leaves the will behind, orderly end or not', async () => {
    const orderly = await open();
    await orderly.close();
    expect(await untilRetained('w/1/status')).toBe('offline');
    messages.length = 0;

    const cut = await open();
    await broker.cut();
    expect(await cut.ended).toEqual({ kind: 'broken', reason: 'the connection was closed' });
    await cut.close();
    expect(messages.map(({ payload }) => payload)).toEqual(['offline']);
  });

  it.each([
    [0x80, false],
    [0x83, false],
    [0x87, false],
    [0x90, true],
    [0x97, false],
    [0x99, true],
  ])('tells a refusal by PUBACK %i, permanent: %s', async (reasonCode, isPermanent) => {
    answer = { reasonCode };
    const connection = await open();

    expect(await connection.publish('w/1/reading', 'x')).toMatchObject({
      kind: 'refused',
      reasonCode,
      isPermanent,
    });
    await connection.close();
  });

  it('takes "no matching subscribers" for an acknowledgement', async () => {
    answer = { reasonCode: 0x10 };
    const connection = await open();

    expect(await connection.publish('w/1/reading', 'x')).toEqual({ kind: 'acknowledged' });
    await connection.close();
  });

  it('knows which payload a farewell is about', async () => {
    answer = { disconnect: 0x95 };
    const connection = await open();

    const result = await connection.publish('w/1/reading', 'x');

    expect(result).toMatchObject({ kind: 'refused', reasonCode: 0x95, isPermanent: true });
    expect(await connection.ended).toEqual({ kind: 'refused', reason: 'packet too large (0x95)' });
    await connection.close();
  });

  it('blames no payload when several were in flight', async () => {
    answer = 'silence';
    const connection = await open();
    const first = connection.publish('w/1/reading', 'x');
    await untilMessages(1);
    answer = { disconnect: 0x95 };
    const second = connection.publish('w/1/reading', 'y');

    expect([await first, await second].map(({ kind }) => kind)).toEqual(['unacknowledged', 'unacknowledged']);
    await connection.close();
  });

  it('refuses for good what is larger than the broker takes', async () => {
    acceptance = { reasonCode: 0, maximumPacketSize: 1_000 };
    const connection = await open();

    expect(await connection.publish('w/1/reading', 'x'.repeat(2_000))).toMatchObject({
      kind: 'refused',
      reasonCode: 0x95,
      isPermanent: true,
    });
    expect(await connection.publish('w/1/reading', 'x')).toEqual({ kind: 'acknowledged' });
    await connection.close();
  });

  it('settles what was in flight when the connection breaks', async () => {
    answer = 'drop';
    const connection = await open();

    expect(await connection.publish('w/1/reading', 'x')).toMatchObject({ kind: 'unacknowledged' });
    await connection.close();
    expect(await connection.publish('w/1/reading', 'x')).toMatchObject({ kind: 'unacknowledged' });
  });

  it('closes through a network that swallows everything', async () => {
    const hole = await startBlackHole(broker.port);
    const connection = await open({ port: hole.port });
    hole.swallow();
    const lost = connection.publish('w/1/reading', 'x');

    await connection.close();

    expect(await lost).toMatchObject({ kind: 'unacknowledged' });
    hole.close();
  });

  it('says what is wrong when it cannot connect', async () => {
    const stranger = await (await createCertificateAuthority('Other CA')).issueClient('1');
    acceptance = { reasonCode: 0x87 };
    expect(await refusalOf({})).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('not authorized'),
    });
    expect(await refusalOf(stranger)).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('is the certificate registered and active'),
    });
    expect(await refusalOf({ rootCa: 'garbage' })).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('cannot be used'),
    });
    await broker.close();
    expect(await refusalOf({})).toMatchObject({
      kind: 'unreachable',
      reason: expect.stringContaining('connection refused'),
    });
    expect(await refusalOf({ endpoint: '255.255.255.255' })).toEqual({
      kind: 'unreachable',
      reason: 'no route to the endpoint: is the network up?',
    });
    expect(await refusalOf({ endpoint: 'nowhere.invalid' })).toMatchObject({
      kind: 'unreachable',
      reason: expect.stringContaining('the name of the endpoint cannot be resolved'),
    });
    expect(await refusalOf({ proxy: { host: '127.0.0.1', port: 1 } })).toEqual({
      kind: 'unreachable',
      reason: 'connection refused: nothing listens on this port of the HTTP proxy',
    });
  });

  it('refuses TLS 1.1', async () => {
    const old = createTlsServer({
      key: server.privateKey,
      cert: server.certificate,
      minVersion: 'TLSv1.1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    }).listen(0, '127.0.0.1');
    await once(old, 'listening');

    expect(await refusalOf({ port: portOf(old) })).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('TLS'),
    });
    old.close();
  });

  it("announces how large a packet it takes, its keep-alive, and AWS's name for MQTT by ALPN", async () => {
    const connect = await connectPacketOf({ keepAliveSeconds: 25 });

    expect(connect.packet).toMatchObject({
      keepalive: 25,
      properties: { maximumPacketSize: 65_536 },
    });
    expect(connect.packet.username).toBeUndefined();
    expect(connect.alpn).toBe('x-amzn-mqtt-ca');
  });

  it('leaves a broker that floods it with messages', async () => {
    const flood = await startFlood((socket) => {
      const message = generate(
        { cmd: 'publish', topic: 'a', payload: 'x', qos: 0, dup: false, retain: false },
        { protocolVersion: 5 },
      );
      const chunk = Buffer.concat(Array.from({ length: 5_000 }, () => message));
      const pump = (): void => {
        while (!socket.destroyed && socket.write(chunk));
        if (!socket.destroyed) socket.once('drain', pump);
      };
      pump();
    });
    const connection = await open({ port: flood.port });

    expect(await connection.ended).toEqual({
      kind: 'refused',
      reason: 'the broker sent more than 128 KB within 10 s',
    });
    await connection.close();
    flood.close();
  });

  it('leaves a broker that sends a packet without end, before it fills the memory', async () => {
    const flood = await startFlood((socket) => {
      socket.write(Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f, 0, 1, 97, 0]));
      const zeros = Buffer.alloc(65_536);
      const pump = (): void => {
        while (!socket.destroyed && socket.write(zeros));
        if (!socket.destroyed) socket.once('drain', pump);
      };
      pump();
    });
    const before = process.memoryUsage.rss();
    const connection = await open({ port: flood.port });

    expect(await connection.ended).toMatchObject({
      kind: 'refused',
      reason: 'the broker sent more than 128 KB within 10 s',
    });
    expect(process.memoryUsage.rss() - before).toBeLessThan(20_000_000);
    await connection.close();
    flood.close();
  });

  it('gives up an attempt when it is told to', async () => {
    const mute = createServer().listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const address = mute.address();
    const stop = new AbortController();
    const failing = refusalOf(
      { port: address !== null && typeof address === 'object' ? address.port : 1 },
      stop.signal,
    );
    await once(mute, 'connection');

    stop.abort();

    expect(await failing).toEqual({ kind: 'broken', reason: 'stopped' });
    await expect(awsConnect(partsFor())(stop.signal)).rejects.toThrow();
    mute.close();
  });
});

const untilMessages = async (count: number): Promise<void> => {
  while (messages.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
};

const portOf = (listening: NetServer): number => {
  const address = listening.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP port');
  return address.port;
};

/** What a broker sees of the handshake and of CONNECT. */
const connectPacketOf = async (overrides: Partial<AwsConnectionParts>) => {
  const listening = createTlsServer({
    key: server.privateKey,
    cert: server.certificate,
    ca: authority.certificate,
    requestCert: true,
    ALPNProtocols: ['x-amzn-mqtt-ca'],
  }).listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const connecting = open({ ...overrides, port: portOf(listening) });
  const [socket]: TLSSocket[] = await once(listening, 'secureConnection');
  if (socket === undefined) throw new Error('no connection');
  const incoming = parser();
  const seen = once(incoming, 'packet');
  socket.on('data', (bytes) => incoming.parse(bytes));
  const [packet] = await seen;
  writeToStream({ cmd: 'connack', reasonCode: 0, sessionPresent: false }, socket, { protocolVersion: 5 });
  await (await connecting).close();
  listening.close();
  return { packet, alpn: socket.alpnProtocol };
};

/** A broker that accepts everybody and then sends what it likes. */
const startFlood = async (send: (socket: TLSSocket) => void) => {
  const sockets: TLSSocket[] = [];
  const listening = createTlsServer(
    { key: server.privateKey, cert: server.certificate, ca: authority.certificate, requestCert: true },
    (socket) => {
      sockets.push(socket);
      const incoming = parser();
      socket.on('error', () => socket.destroy());
      socket.on('data', (bytes) => incoming.parse(bytes));
      incoming.once('packet', () => {
        writeToStream({ cmd: 'connack', reasonCode: 0, sessionPresent: false }, socket, {
          protocolVersion: 5,
        });
        send(socket);
      });
    },
  ).listen(0, '127.0.0.1');
  await once(listening, 'listening');
  return {
    port: portOf(listening),
    close: () => {
      for (const socket of sockets) socket.destroy();
      listening.close();
    },
  };
};
