import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { freePort } from '../../src/demo/demo.ts';
import { isNetworkDead } from '../../src/remote/network-probe.ts';

describe('whether the network is dead', () => {
  const sockets: Socket[] = [];
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.close();
  });

  /** A name server that answers each question with this code, or never. */
  const nameServer = async (code: number | null): Promise<string> => {
    const socket = createSocket('udp4');
    sockets.push(socket);
    socket.on('message', (query, { port, address }) => {
      if (code === null) return;
      const answer = Buffer.from(query);
      answer.writeUInt16BE(0x8180 | code, 2);
      socket.send(answer, port, address);
    });
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return `127.0.0.1:${socket.address().port}`;
  };
  const probe = async (host: string, port: number, code: number | null) =>
    isNetworkDead({ host, port, nameServers: [await nameServer(code)], timeoutMs: 400 });

  it('is when neither a name server nor the endpoint answers', async () => {
    expect(await probe('station.invalid', 8883, null)).toBe(true);
    // A resolver on this machine that reaches nobody.
    expect(await probe('station.invalid', 8883, 2)).toBe(true);
  });

  it('is not when a name server answers, be it no', async () => {
    expect(await probe('station.invalid', 8883, 3)).toBe(false);
  });

  it('is not when the endpoint or the proxy answers, be it no', async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('a TCP port was expected');
    expect(await probe('127.0.0.1', address.port, null)).toBe(false);
    server.close();
    expect(await probe('127.0.0.1', await freePort(), null)).toBe(false);
  });
});
