import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';

export type ConnectProxy = {
  readonly port: number;
  /** What was asked for by CONNECT and let through. */
  readonly targets: readonly string[];
  close(): void;
};

/** An HTTP proxy that opens tunnels to whoever gives the right password. */
export const startConnectProxy = async (allowed: {
  readonly user: string;
  readonly password: string;
  /** Where the tunnel to a host really ends; there itself without it. */
  readonly port?: (host: string) => number | undefined;
}): Promise<ConnectProxy> => {
  const expected = `Basic ${Buffer.from(`${allowed.user}:${allowed.password}`).toString('base64')}`;
  const targets: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer();
  server.on('connect', (request, socket: Socket, head) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    if (request.headers['proxy-authorization'] !== expected) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      return;
    }
    const { hostname, port } = new URL(`tcp://${request.url}`);
    targets.push(request.url ?? '');
    const local = allowed.port?.(hostname);
    const upstream = connect(local ?? Number(port), local === undefined ? hostname : '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.write(head);
      upstream.pipe(socket).pipe(upstream);
    });
    sockets.add(upstream);
    upstream.on('error', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP port');
  return {
    port: address.port,
    targets,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
};
