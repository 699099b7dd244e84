import { beforeEach, describe, expect, it } from 'vitest';
import { Ads1115 } from '../../src/instruments/wind-vane/ads1115.ts';
import { Ads1115Chip } from '../../src/instruments/wind-vane/simulated.ts';
import { createManualClock, type ManualClock } from '../fakes/clock.ts';
import { createFakeI2cBus, createWordRegisters, type FakeI2cBus } from '../fakes/i2c-bus.ts';

const address = 0x48;
const CONVERSION = 0;
const CONFIG = 1;

describe('the ADS1115', () => {
  let clock: ManualClock;
  let bus: FakeI2cBus;
  let volts: number[];

  beforeEach(() => {
    clock = createManualClock({ isAutomatic: true });
    bus = createFakeI2cBus();
    volts = [0, 0, 0, 0];
    bus.attach(
      address,
      new Ads1115Chip({ nowMs: () => clock.monotonicMs(), voltsAt: (input) => volts[input] ?? 0 }),
    );
  });

  const create = () => new Ads1115({ bus, address, clock });

  /** Config words of SBAS444 table 8-3, as they go over the wire: high byte first. */
  it.each([
    [0, 0xc383],
    [1, 0xd383],
    [2, 0xe383],
    [3, 0xf383],
  ])('starts a single shot of AIN%i with config %i', async (input, config) => {
    await create().readVolts(input);

    const [start] = bus.calls;
    expect(start).toMatchObject({ kind: 'writeWord', register: CONFIG });
    expect(start?.value).toBe(((config & 0xff) << 8) | (config >> 8));
  });

  it('reads the voltage of the input that was asked for', async () => {
    volts = [0.3, 3.3, 1.024, 4];
    const adc = create();

    const read = [
      await adc.readVolts(0),
      await adc.readVolts(1),
      await adc.readVolts(2),
      await adc.readVolts(3),
    ];

    expect(read).toEqual([0.3, 3.3, 1.024, 4]);
  });

  it('waits for the conversion, not for a fixed time alone', async () => {
    const words = createWordRegisters();
    let busyReads = 3;
    bus.attach(address, {
      write: words.write,
      read: (register, length) => {
        const [high = 0, low = 0] = words.read(register, length);
        if (register === CONFIG && busyReads > 0) {
          busyReads -= 1;
          return Uint8Array.of(high & 0x7f, low);
        }
        return Uint8Array.of(high, low);
      },
    });
    words.words[CONVERSION] = 8_000;
    const startMs = clock.monotonicMs();

    expect(await create().readVolts(0)).toBe(1);
    expect(clock.monotonicMs() - startMs).toBe(9 + 3);
  });

  it('works where OS reads back as it was written, as on i2c-stub', async () => {
    const words = createWordRegisters();
    words.words[CONVERSION] = 0x4e20;
    bus.attach(address, words);

    expect(await create().readVolts(1)).toBe(2.5);
  });

  it('takes a small negative number near ground for 0 V', async () => {
    const words = createWordRegisters();
    words.words[CONVERSION] = 0xfffd;
    bus.attach(address, words);

    expect(await create().readVolts(0)).toBe(0);
  });

  it.each([0x7fff, 0x7ff0])('takes the end of its scale, code %i, for a fault', async (code) => {
    const words = createWordRegisters();
    words.words[CONVERSION] = code;
    bus.attach(address, words);

    await expect(create().readVolts(2)).rejects.toMatchObject({
      code: 'implausible',
      message: 'ADS1115 0x48: input 2 is above the 4.096 V it can measure',
    });
  });

  it('carries out conversions one after another', async () => {
    volts = [1, 2, 3, 0];
    const adc = create();

    expect(await Promise.all([0, 1, 2].map((input) => adc.readVolts(input)))).toEqual([1, 2, 3]);
  });

  it('says when nothing answers, and works again when something does', async () => {
    bus.fail('EREMOTEIO');
    const adc = create();

    await expect(adc.readVolts(0)).rejects.toMatchObject({ code: 'missing' });
    await expect(adc.readVolts(0)).resolves.toBe(0);
  });

  it.each([
    [0x8583, '0x8583'],
    [0xffff, '0xffff'],
  ])('takes a chip that forgot its config for implausible', async (held, shown) => {
    bus.attach(address, {
      write: () => undefined,
      read: () => Uint8Array.of(held >> 8, held & 0xff),
    });

    await expect(create().readVolts(0)).rejects.toMatchObject({
      code: 'implausible',
      message: `ADS1115 0x48: config register holds ${shown} instead of 0xc383`,
    });
  });

  it('gives up on a conversion that never ends', async () => {
    bus.attach(address, { write: () => undefined, read: () => Uint8Array.of(0x43, 0x83) });

    await expect(create().readVolts(0)).rejects.toMatchObject({ code: 'not-ready' });
  });
});
