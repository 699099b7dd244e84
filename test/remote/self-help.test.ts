import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../src/demo/demo.ts';
import { isNetworkDead, SelfHelp } from '../../src/remote/self-help.ts';
import type { Clock } from '../../src/time/clock.ts';
import { createRecordingLog } from '../fakes/log.ts';

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

const HOUR_MS = 3_600_000;
const START_WALL_MS = Date.UTC(2026, 5, 1);

/** A machine without a network that is rebooted when it is asked to be. */
class Machine {
  readonly log = createRecordingLog();
  readonly reboots: number[] = [];
  /** Hours of real time. */
  hours = 0;
  isDead = true;
  hindrance: string | null = null;
  /** The date is what the machine last saved, as without a battery and a network. */
  losesTime = false;
  acknowledgesAt: readonly number[] = [];
  obeys = true;
  looks = 0;
  #boot = 0;
  #bootedAtHours = 0;
  #lostHours = 0;

  /** From one boot to the next, or to `untilHours`. */
  async live(recordFile: string, untilHours: number): Promise<void> {
    while (this.hours < untilHours) {
      const stop = new AbortController();
      this.#bootedAtHours = this.hours;
      const bootId = `boot ${this.#boot++}`;
      const clock: Clock = {
        wallMs: () => START_WALL_MS + (this.hours - this.#lostHours) * HOUR_MS,
        monotonicMs: () => (this.hours - this.#bootedAtHours) * HOUR_MS,
        sleep: (ms) => {
          this.hours += ms / HOUR_MS;
          if (this.hours >= untilHours) stop.abort();
          if (this.acknowledgesAt.some((at) => at <= this.hours && at > this.hours - ms / HOUR_MS))
            selfHelp.noteAcknowledged();
          return stop.signal.aborted ? Promise.reject(stop.signal.reason) : Promise.resolve();
        },
      };
      const selfHelp = new SelfHelp({
        afterHours: 6,
        recordFile,
        bootId,
        isNetworkDead: () => {
          this.looks += 1;
          return Promise.resolve(this.isDead);
        },
        reboot: {
          hindrance: this.hindrance,
          begin: () => {
            this.reboots.push(this.hours);
            if (this.obeys) stop.abort();
            if (this.losesTime) this.#lostHours = this.hours;
            return Promise.resolve();
          },
          takeBack: () => Promise.resolve(),
        },
        clock,
        log: this.log,
      });
      await selfHelp.run(stop.signal);
    }
  }
}

describe('self-help', () => {
  let folder: string;
  let recordFile: string;
  let machine: Machine;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'self-help-'));
    recordFile = join(folder, 'rebooted.json');
    machine = new Machine();
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('reboots after so many hours without an acknowledgement and without a network, and then daily', async () => {
    await machine.live(recordFile, 80);

    const [first = 0, ...others] = machine.reboots;
    expect(first).toBeGreaterThan(6);
    expect(first).toBeLessThan(6.5);
    expect(others.length).toBe(3);
    for (const [index, at] of others.entries()) {
      const waited = at - (machine.reboots[index] ?? 0);
      expect(waited).toBeGreaterThanOrEqual(24);
      expect(waited).toBeLessThan(24.5);
    }
    expect(machine.log.lines('warn')[0]).toEqual({
      hours: 6,
      message: 'nothing is acknowledged, and neither DNS nor TCP works: the machine is rebooted',
    });
  });

  it('counts the day by the time the boot lasts where the date was lost', async () => {
    machine.losesTime = true;

    await machine.live(recordFile, 40);

    expect(machine.reboots.map(Math.floor)).toEqual([6, 30]);
  });

  it('does nothing while the network works, and asks for it only when hours have passed', async () => {
    machine.isDead = false;
    await machine.live(recordFile, 5);
    expect(machine.looks).toBe(0);

    await machine.live(recordFile, 50);

    expect(machine.looks).toBeGreaterThan(0);
    expect(machine.reboots).toEqual([]);
  });

  it('counts from the last acknowledgement', async () => {
    machine.acknowledgesAt = [5, 10, 15];

    await machine.live(recordFile, 20.9);
    expect(machine.reboots).toEqual([]);
    machine.acknowledgesAt = [];
  });

  it('says once why nobody would reboot the machine, or that nobody did', async () => {
    machine.hindrance = 'not run by systemd';
    await machine.live(recordFile, 30);
    expect(machine.reboots).toEqual([]);
    expect(machine.log.lines('warn')).toEqual([
      { reason: 'not run by systemd', message: 'the machine cannot be rebooted' },
    ]);

    machine.hindrance = null;
    machine.obeys = false;
    await machine.live(recordFile, 50);
    expect(machine.reboots.length).toBe(1);
    expect(machine.log.lines('warn').at(-1)?.message).toContain('is weather-gateway-reboot.path enabled?');
  });

  it('waits for a boot of a day where a reboot cannot be remembered', async () => {
    await machine.live(join(folder, 'missing/rebooted.json'), 30);

    expect(machine.reboots.map(Math.floor)).toEqual([24]);
    // Once, and then the reboot itself.
    expect(machine.log.lines('warn').filter(({ message }) => message.includes('left for later')).length).toBe(
      1,
    );
  });

  it('takes a damaged record for none, and replaces it', async () => {
    await writeFile(recordFile, '{"bootId":');

    await machine.live(recordFile, 7);

    expect(machine.reboots.length).toBe(1);
    expect(JSON.parse(await readFile(recordFile, 'utf8'))).toMatchObject({ bootId: 'boot 0' });
  });
});
