import type { RegisterChip } from '../../src/simulation/simulated-i2c-bus.ts';

export type Bme280Raw = {
  readonly temperature: number;
  readonly pressure: number;
  readonly humidity: number;
};

/** BMP280 datasheet's worked example for T and P, with typical coefficients for H. */
export const workedExample = {
  T: [27504, 26435, -1000],
  P: [36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000],
  H: { H1: 75, H2: 362, H3: 0, H4: 313, H5: 50, H6: 30 },
} as const;

export type Coefficients = {
  readonly T: readonly number[];
  readonly P: readonly number[];
  readonly H: Readonly<Record<'H1' | 'H2' | 'H3' | 'H4' | 'H5' | 'H6', number>>;
};

export const burstOf = ({ temperature, pressure, humidity }: Bme280Raw): Uint8Array =>
  Uint8Array.of(
    pressure >> 12,
    (pressure >> 4) & 0xff,
    (pressure & 0x0f) << 4,
    temperature >> 12,
    (temperature >> 4) & 0xff,
    (temperature & 0x0f) << 4,
    humidity >> 8,
    humidity & 0xff,
  );

/** The coefficients as the chip's memory holds them. */
export const calibrationBlocks = ({
  T,
  P,
  H,
}: Coefficients): { calib00: Uint8Array; calib26: Uint8Array } => {
  const calib00 = new Uint8Array(26);
  const words = new DataView(calib00.buffer);
  for (const [at, value] of [...T, ...P].entries()) words.setInt16(at * 2, value, true);
  calib00[25] = H.H1;
  const calib26 = Uint8Array.of(
    H.H2 & 0xff,
    (H.H2 >> 8) & 0xff,
    H.H3,
    (H.H4 >> 4) & 0xff,
    (H.H4 & 0x0f) | ((H.H5 & 0x0f) << 4),
    (H.H5 >> 4) & 0xff,
    H.H6 & 0xff,
  );
  return { calib00, calib26 };
};

export type FakeBme280 = RegisterChip & {
  readonly registers: Uint8Array;
  /** What the next measurements give; the last one stays. */
  readonly raws: Bme280Raw[];
  /** Status reads that still say measuring. */
  busyReads: number;
  /** Power fails for a moment: registers and data go to their reset values, the calibration stays. */
  reset(): void;
};

/** A BME280 with its forced mode: one measurement per write of ctrl_meas, then sleep. */
export const createFakeBme280 = (coefficients: Coefficients = workedExample): FakeBme280 => {
  const registers = new Uint8Array(256);
  const { calib00, calib26 } = calibrationBlocks(coefficients);
  let last: Bme280Raw = { temperature: 519_888, pressure: 415_148, humidity: 30_000 };
  let busy = 0;

  const chip: FakeBme280 = {
    registers,
    raws: [],
    busyReads: 0,
    reset: () => {
      registers.fill(0, 0xf2, 0xf7);
      registers.set(burstOf({ temperature: 0x80000, pressure: 0x80000, humidity: 0x8000 }), 0xf7);
    },
    read: (register, length) => {
      if (register <= 0xf3 && register + length > 0xf3 && busy > 0) {
        busy -= 1;
        registers[0xf3] = 0x08;
      } else {
        registers[0xf3] = 0;
      }
      return registers.slice(register, register + length);
    },
    write: (register, bytes) => {
      registers.set(bytes, register);
      if (register === 0xe0 && bytes[0] === 0xb6) chip.reset();
      if (register !== 0xf4 || ((bytes[0] ?? 0) & 0x03) !== 0x01) return;
      last = chip.raws.shift() ?? last;
      busy = chip.busyReads;
      registers.set(burstOf(last), 0xf7);
      registers[0xf4] = (bytes[0] ?? 0) & ~0x03;
    },
  };
  registers[0xd0] = 0x60;
  registers.set(calib00, 0x88);
  registers.set(calib26, 0xe1);
  chip.reset();
  return chip;
};
