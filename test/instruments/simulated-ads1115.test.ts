import { describe, expect, it } from 'vitest';
import { Ads1115Chip, type Ads1115ChipOptions } from '../../src/instruments/wind-vane/simulated.ts';

const CONVERSION = 0;
const CONFIG = 1;

const createChip = (options: Partial<Ads1115ChipOptions> = {}) => {
  const time = { ms: 0 };
  const volts = [1.024, 3.3, 0, 5];
  const chip = new Ads1115Chip({ nowMs: () => time.ms, voltsAt: (input) => volts[input] ?? 0, ...options });
  const write = (register: number, word: number): void =>
    chip.write(register, Uint8Array.of(word >> 8, word & 0xff));
  const read = (register: number): number => {
    const [high = 0, low = 0] = chip.read(register, 2);
    return (high << 8) | low;
  };
  return { chip, time, volts, write, read };
};

describe('the simulated ADS1115', () => {
  it('has the registers of its datasheet after power-on', () => {
    const { read } = createChip();

    expect([0, 1, 2, 3].map(read)).toEqual([0, 0x8583, 0x8000, 0x7fff]);
  });

  it('converts AIN0 once when asked, and is busy for 7.8 ms', () => {
    const { time, write, read } = createChip();

    write(CONFIG, 0xc383);
    const busy = read(CONFIG);
    time.ms += 7.8;
    const stillBusy = read(CONFIG);
    time.ms += 0.2;

    expect([busy, stillBusy, read(CONFIG)]).toEqual([0x4383, 0x4383, 0xc383]);
    expect(read(CONVERSION)).toBe(8192);
  });

  it.each([
    ['AIN1 at ±4.096 V', 0xd383, 26_400],
    ['AIN0 at ±2.048 V', 0xc583, 16_384],
    ['AIN3 beyond its range', 0xf383, 32_767],
    ['AIN0 against AIN1', 0x8383, 0x10000 - 18_208],
  ])('converts %s', (_, config, code) => {
    const { time, write, read } = createChip();

    write(CONFIG, config);
    time.ms += 9;

    expect(read(CONVERSION)).toBe(code);
  });

  it('finishes a conversion before it takes up another request to start', () => {
    const { time, volts, write, read } = createChip();
    write(CONFIG, 0xc383);
    time.ms += 5;
    write(CONFIG, 0xc383);
    time.ms += 3;

    expect(read(CONFIG)).toBe(0xc383);
    volts[0] = 2.048;
    time.ms += 100;
    expect(read(CONVERSION)).toBe(8192);
  });

  it('converts on and on in continuous mode', () => {
    const { time, volts, write, read } = createChip();
    write(CONFIG, 0x4283);
    time.ms += 9;
    const first = read(CONVERSION);
    volts[0] = 2.048;
    time.ms += 9;

    expect([first, read(CONVERSION)]).toEqual([8192, 16_384]);
  });

  it('takes neither half a word nor a write to the conversion', () => {
    const { chip, write, read } = createChip();

    chip.write(CONFIG, Uint8Array.of(0xc3));
    write(CONVERSION, 0x1234);

    expect([read(CONVERSION), read(CONFIG)]).toEqual([0, 0x8583]);
  });

  it('repeats the register when read on', () => {
    const { chip } = createChip();

    expect(chip.read(CONFIG, 4)).toEqual(Uint8Array.of(0x85, 0x83, 0x85, 0x83));
  });

  it('has noise of about a step', () => {
    const { time, write, read } = createChip({ noiseSeed: 5 });
    const codes = Array.from({ length: 50 }, () => {
      write(CONFIG, 0xc383);
      time.ms += 9;
      return read(CONVERSION);
    });

    expect(new Set(codes).size).toBeGreaterThan(1);
    expect(Math.max(...codes.map((code) => Math.abs(code - 8192)))).toBeLessThanOrEqual(5);
  });
});
