import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCertificateAuthority, type Identity } from '../../src/certificate/certificate-authority.ts';
import { DeviceCredentials } from '../../src/certificate/device-credentials.ts';
import { renewalsIn } from '../../src/certificate/key-pairs.ts';
import { awsConnect } from '../../src/mqtt/aws-connection.ts';
import type { LinkState } from '../../src/mqtt/publisher.ts';
import { ReconnectingPublisher } from '../../src/mqtt/reconnecting-publisher.ts';
import { connectWithCredentials } from '../../src/mqtt/station-connection.ts';
import { systemClock } from '../../src/time/clock.ts';
import { untilLink } from '../contract/publisher.ts';
import { createRecordingLog } from '../fakes/log.ts';
import { startConnectProxy } from './connect-proxy.ts';
import { createMosquitto, type Mosquitto } from './mosquitto.ts';

describe('the link against mosquitto', () => {
  let mosquitto: Mosquitto;
  let device: Identity;
  beforeEach(async () => {
    mosquitto = await createMosquitto();
    device = await mosquitto.authority.issueClient('1');
    await mosquitto.start();
  });
  afterEach(() => mosquitto.dispose());

  const partsFor = (identity: Identity) => ({
    endpoint: 'localhost',
    port: mosquitto.port,
    clientId: '1',
    certificate: identity.certificate,
    privateKey: identity.privateKey,
    rootCa: mosquitto.authority.certificate,
    will: { topic: 'w/1/status', payload: '{}' },
  });

  it('backs off from another client with the same id, and says so', async () => {
    const log = createRecordingLog();
    let connects = 0;
    const stations = [1, 2].map(
      () => new ReconnectingPublisher({ connect: awsConnect(partsFor(device)), clock: systemClock, log }),
    );
    for (const station of stations) {
      station.onLink(({ state }: LinkState) => {
        if (state === 'connected') connects += 1;
      });
      station.start();
    }

    await delay(40_000);

    // One every two seconds without a back-off.
    expect(connects).toBeLessThan(16);
    for (const station of stations) expect(station.problem()).toContain('another client uses this id');
    expect(log.lines('warn')).toContainEqual({
      reason: expect.stringContaining('another client uses this id'),
      message: 'no connection',
    });
    await Promise.all(stations.map((station) => station.stop()));
  });

  it('goes through an HTTP proxy', async () => {
    const proxy = await startConnectProxy({ user: 'station', password: 'p@ss' });
    const through = (password: string) =>
      awsConnect({
        ...partsFor(device),
        proxy: { host: '127.0.0.1', port: proxy.port, user: 'station', password },
      })(new AbortController().signal);

    const connection = await through('p@ss');
    expect(await connection.publish('w/1/reading', '{}')).toEqual({ kind: 'acknowledged' });
    expect(proxy.targets).toEqual([`localhost:${mosquitto.port}`]);
    await connection.close();

    await expect(through('wrong')).rejects.toMatchObject({
      end: { kind: 'refused', reason: expect.stringContaining('the HTTP proxy refuses the connection') },
    });
    proxy.close();
  });

  it('renews its certificate without a restart, and goes back to the old pair from a bad one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'renewal-'));
    const log = createRecordingLog();
    await writeFile(join(folder, 'device.pem'), device.certificate);
    await writeFile(join(folder, 'device.key'), device.privateKey);
    await chmod(join(folder, 'device.key'), 0o600);
    const renewals = renewalsIn(folder);
    await mkdir(renewals);
    const credentials = new DeviceCredentials({
      files: { certificate: join(folder, 'device.pem'), privateKey: join(folder, 'device.key'), renewals },
      clock: systemClock,
      log,
    });
    const connect = connectWithCredentials({
      credentials,
      connectWith: (pair) => awsConnect(partsFor(pair)),
      clock: systemClock,
    });
    const publisher = new ReconnectingPublisher({ connect, clock: systemClock, log });
    publisher.start();
    const publish = async () => {
      await untilLink(publisher, 'connected');
      expect(await publisher.publish('w/1/reading', '{}')).toEqual({ kind: 'acknowledged' });
    };
    const bring = async (name: string, identity: Identity) => {
      await writeFile(join(renewals, `${name}.key`), identity.privateKey);
      await writeFile(join(renewals, `${name}.pem`), identity.certificate);
      publisher.reconnect('test');
      await untilLink(publisher, 'disconnected');
    };
    await publish();
    expect(credentials.current()?.certificate).toBe(device.certificate);

    // A new certificate without its key: the old pair goes on working.
    const renewed = await mosquitto.authority.issueClient('1');
    await writeFile(join(folder, 'device.pem'), renewed.certificate);
    publisher.reconnect('test');
    await untilLink(publisher, 'disconnected');
    await publish();
    expect(credentials.problem()).toContain('was issued for another key');
    expect(credentials.current()?.certificate).toBe(device.certificate);

    await bring('renewed', renewed);
    await publish();
    expect(credentials.current()?.certificate).toBe(renewed.certificate);
    expect(credentials.problem()).toBeNull();

    // Of an authority that the broker does not know.
    const stranger = await (await createCertificateAuthority('Other')).issueClient('1');
    await bring('stranger', stranger);
    await publish();
    expect(credentials.current()?.certificate).toBe(renewed.certificate);
    expect(log.lines('warn')).toContainEqual(
      expect.objectContaining({ message: 'this certificate does not work yet' }),
    );
    await publisher.stop();
    await rm(folder, { recursive: true });
  });
});
