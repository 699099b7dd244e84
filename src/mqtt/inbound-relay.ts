import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { unreachableOf } from './link-reason.ts';
import { ConnectError, type ConnectionEnd } from './publisher.ts';

/** A station is sent acknowledgements and, now and then, a job document of 32 KB. */
const MAX_BYTES = 131_072;
const WINDOW_MS = 10_000;
const CONNECT_TIMEOUT_MS = 10_000;
/** What was written last still gets this long to leave. */
const FAREWELL_MS = 2_000;
const MAX_REQUEST_BYTES = 8_192;

type RelayTarget = {
  readonly host: string;
  readonly port: number;
  /** An HTTP proxy, which answers CONNECT itself. */
  readonly isProxy: boolean;
};

/**
 * Stands between the SDK and the network, on the loopback interface, for one connection. The SDK takes whatever it is
 * sent as fast as it comes and collects packets whole, whatever size CONNECT announces: a hostile broker would fill
 * the memory of a small machine within a second. The relay ends a connection that is sent more than a station can be.
 */
export class InboundRelay {
  readonly #target: RelayTarget;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #windowStartMs = 0;
  #bytes = 0;
  #failure: ConnectionEnd | null = null;

  private constructor(target: RelayTarget) {
    this.#target = target;
    this.#server = createServer({ noDelay: true }, (client) => {
      this.#server.close();
      this.#keep(client);
      if (target.isProxy) this.#connect(client, null);
      else this.#awaitRequest(client);
    });
  }

  static async listen(target: RelayTarget): Promise<InboundRelay> {
    const relay = new InboundRelay(target);
    relay.#server.listen(0, '127.0.0.1');
    await once(relay.#server, 'listening').catch((cause: Error) => {
      const reason = `the loopback interface of this machine cannot be used: ${cause.message}`;
      throw new ConnectError({ kind: 'unreachable', reason }, { cause });
    });
    return relay;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the relay has no TCP port');
    return address.port;
  }

  /** Why the relay made no connection or ended it; `null` where it did not. */
  failure(): ConnectionEnd | null {
    return this.#failure;
  }

  close(): void {
    this.#server.close();
    const timer = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, FAREWELL_MS);
    timer.unref();
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#sockets.delete(socket));
  }

  #awaitRequest(client: Socket): void {
    let request = '';
    const take = (chunk: Buffer): void => {
      request += chunk.toString('latin1');
      if (request.length > MAX_REQUEST_BYTES) client.destroy();
      if (!request.endsWith('\r\n\r\n')) return;
      client.off('data', take).pause();
      this.#connect(client, 'HTTP/1.1 200 OK\r\n\r\n');
    };
    client.on('data', take);
  }

  #connect(client: Socket, answer: string | null): void {
    const { host, port } = this.#target;
    const upstream = connect({ host, port, noDelay: true });
    this.#keep(upstream);
    const timer = setTimeout(() => {
      upstream.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }));
    }, CONNECT_TIMEOUT_MS);
    const fail = (error: NodeJS.ErrnoException): void => {
      this.#failure = unreachableOf(error, this.#target.isProxy);
    };
    upstream.on('error', fail);
    upstream.once('connect', () => {
      clearTimeout(timer);
      upstream.off('error', fail);
      if (answer !== null) client.write(answer);
      client.pipe(upstream);
      this.#watch(upstream, client);
    });
    upstream.once('close', () => {
      clearTimeout(timer);
      client.end();
    });
    client.once('close', () => upstream.end());
  }

  #watch(upstream: Socket, client: Socket): void {
    upstream.on('data', (chunk) => {
      const nowMs = performance.now();
      if (nowMs - this.#windowStartMs > WINDOW_MS) {
        this.#windowStartMs = nowMs;
        this.#bytes = 0;
      }
      this.#bytes += chunk.length;
      if (this.#bytes > MAX_BYTES) {
        const reason = `the broker sent more than ${MAX_BYTES / 1_024} KB within ${WINDOW_MS / 1_000} s`;
        this.#failure = { kind: 'refused', reason };
        upstream.destroy();
      } else client.write(chunk);
    });
    upstream.once('end', () => client.end());
  }
}
