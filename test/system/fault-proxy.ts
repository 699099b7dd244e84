import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type Duplex, Transform } from 'node:stream';
import { freePort } from '../../src/demo/demo.ts';

export type FaultProxy = {
  readonly port: number;
  /** Nothing listens, and what was connected breaks. */
  cut(): Promise<void>;
  /**
   * Passes connections on; `bytesPerSecond` makes it a slow link, and one that carries only messages up to
   * `maxMessageBytes` swallows the first larger one and all that follows, as a hole in the path MTU does.
   */
  open(targetPort: number, bytesPerSecond?: number, maxMessageBytes?: number): Promise<void>;
  /** Swallows everything: TCP stays up. New connections are accepted and swallowed too. */
  swallow(): void;
};

const SLICE_MS = 50;

const throttle = (bytesPerSecond: number): Transform =>
  new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const size = Math.max(1, Math.floor((bytesPerSecond * SLICE_MS) / 1_000));
      const slice = (offset: number): void => {
        if (this.destroyed) return;
        this.push(chunk.subarray(offset, offset + size));
        if (offset + size >= chunk.length) done();
        else setTimeout(slice, SLICE_MS, offset + size);
      };
      slice(0);
    },
  });

/** Of TLS records that are written together; the handshake is smaller than what a path must carry. */
const small = (maxMessageBytes: number): Transform => {
  let isSwallowing = false;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      isSwallowing ||= chunk.length > maxMessageBytes;
      done(null, isSwallowing ? undefined : chunk);
    },
  });
};

/** The network between a station and its broker. It is cut at first. */
export const createFaultProxy = async (): Promise<FaultProxy> => {
  const port = await freePort();
  const sockets = new Set<Socket>();
  let isSwallowing = false;
  let route: {
    readonly targetPort: number;
    readonly bytesPerSecond: number | undefined;
    readonly maxMessageBytes: number | undefined;
  };
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
    return socket;
  };
  const pass = (client: Socket): void => {
    const upstream = keep(connect(route.targetPort, '127.0.0.1'));
    const { bytesPerSecond, maxMessageBytes } = route;
    const outward = [
      ...(maxMessageBytes === undefined ? [] : [small(maxMessageBytes)]),
      ...(bytesPerSecond === undefined ? [] : [throttle(bytesPerSecond)]),
    ];
    outward.reduce<Duplex>((from, next) => from.pipe(next), client).pipe(upstream);
    upstream.pipe(client);
    client.once('close', () => upstream.destroy());
    upstream.once('close', () => client.destroy());
  };
  const server = createServer((client) => {
    keep(client);
    if (isSwallowing) client.pause();
    else pass(client);
  });
  const breakAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port,
    cut: async () => {
      breakAll();
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      breakAll();
      await closed;
    },
    open: async (targetPort, bytesPerSecond, maxMessageBytes) => {
      breakAll();
      isSwallowing = false;
      route = { targetPort, bytesPerSecond, maxMessageBytes };
      if (server.listening) return;
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
    swallow: () => {
      isSwallowing = true;
      for (const socket of sockets) socket.unpipe().pause();
    },
  };
};
