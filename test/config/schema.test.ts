import { describe, expect, it } from 'vitest';
import { gatewaySchema } from '../../src/config/schema.ts';

const smallest = {
  station: { id: '1', name: 'UK-Worthing' },
  aws: { endpoint: 'localhost', certificate: '/c.pem', privateKey: '/c.key' },
};

describe('the configuration schema', () => {
  it('completes the smallest configuration with its defaults', () => {
    expect(gatewaySchema.parse(smallest)).toEqual({
      station: { id: '1', name: 'UK-Worthing' },
      aws: {
        endpoint: 'localhost',
        port: 8883,
        certificate: '/c.pem',
        privateKey: '/c.key',
        topicPrefix: 'weather',
        keepAliveSeconds: 60,
        jobs: true,
        remoteConfiguration: true,
      },
      reporting: { intervalSeconds: 12, sendSeconds: 0 },
      outbox: { directory: '/var/lib/weather-gateway', maxMegabytes: 512 },
      sensors: { i2cBus: 1, gpioBackend: 'auto' },
      quality: expect.any(Object),
      preAlerts: [],
      display: { units: 'metric' },
      http: { listen: '127.0.0.1', port: 8080 },
      log: { level: 'info' },
    });
  });

  it('completes each sensor that is listed with the figures of the usual kit', () => {
    const sensors = { bme280: {}, windVane: {}, anemometer: { gpio: 5 }, rainGauge: { gpio: 6 } };

    expect(gatewaySchema.parse({ ...smallest, sensors }).sensors).toEqual({
      i2cBus: 1,
      gpioBackend: 'auto',
      bme280: { address: 0x76 },
      windVane: {
        address: 0x48,
        channel: 0,
        supplyVolts: 3.3,
        side: 'low',
        resistorOhms: 10_000,
        northOffsetDegrees: 0,
      },
      anemometer: { gpio: 5, kmhPerHz: 2.4, offsetKmh: 0, lockoutMilliseconds: 4 },
      rainGauge: { gpio: 6, mmPerTip: 0.2794, lockoutMilliseconds: 150 },
    });
  });
});
