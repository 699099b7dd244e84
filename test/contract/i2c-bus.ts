import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type I2cBus, I2cError } from '../../src/i2c/i2c-bus.ts';

export type I2cBusHarness = {
  readonly bus: I2cBus;
  /** A register that keeps any byte, on a chip with one byte a register. */
  readonly byteRegister: { readonly address: number; readonly register: number };
  /** A register that keeps any word, on a chip with one word a register. */
  readonly wordRegister: { readonly address: number; readonly register: number };
  readonly absentAddress: number;
};

const faultIn = (error: unknown): I2cError => {
  if (!(error instanceof I2cError)) throw error;
  return error;
};

/** What every I2C bus keeps to: the fake, the kernel's and the simulation's. */
export const describeI2cBus = (name: string, openHarness: () => Promise<I2cBusHarness>): void => {
  describe(`${name} as an I2C bus`, () => {
    let harness: I2cBusHarness;

    beforeEach(async () => {
      harness = await openHarness();
    });
    afterEach(() => harness.bus.close());

    it('reads back the byte it wrote', async () => {
      const { bus, byteRegister: at } = harness;

      await bus.writeByte(at.address, at.register, 0xa5);

      expect(await bus.readBlock(at.address, at.register, 1)).toEqual(Uint8Array.of(0xa5));
    });

    it('reads blocks of the length asked for, up to 32 bytes', async () => {
      const { bus, byteRegister: at } = harness;

      const lengths = await Promise.all(
        [1, 8, 24, 32].map(async (length) => (await bus.readBlock(at.address, 0x88, length)).length),
      );

      expect(lengths).toEqual([1, 8, 24, 32]);
    });

    it('reads back the word it wrote', async () => {
      const { bus, wordRegister: at } = harness;

      await bus.writeWord(at.address, at.register, 0x83c3);

      expect(await bus.readWord(at.address, at.register)).toBe(0x83c3);
    });

    it('carries out calls in the order they were made, one at a time', async () => {
      const { bus, byteRegister: bytes, wordRegister: words } = harness;

      const results = await Promise.all([
        bus.writeByte(bytes.address, bytes.register, 0x01),
        bus.readBlock(bytes.address, bytes.register, 1),
        bus.writeWord(words.address, words.register, 0x1234),
        bus.writeByte(bytes.address, bytes.register, 0x02),
        bus.readBlock(bytes.address, bytes.register, 1),
        bus.readWord(words.address, words.register),
      ]);

      expect(results).toEqual([undefined, Uint8Array.of(1), undefined, undefined, Uint8Array.of(2), 0x1234]);
    });

    it('names the address and the register where nothing acknowledged', async () => {
      const { bus, absentAddress } = harness;

      const error = faultIn(await bus.readBlock(absentAddress, 0xd0, 1).catch((reason: unknown) => reason));

      expect(error).toMatchObject({ address: absentAddress, register: 0xd0, isNak: true });
      expect(error.message).toMatch(
        new RegExp(`^I2C 0x${absentAddress.toString(16)} register 0xd0: nothing answers \\(E[A-Z]+\\)$`),
      );
    });

    it('goes on working after an error, also at the address that failed', async () => {
      const { bus, absentAddress, byteRegister: at } = harness;
      const attempt = () => bus.writeByte(absentAddress, at.register, 0xff).catch(faultIn);

      const first = await attempt();
      await bus.writeByte(at.address, at.register, 0x3c);
      const second = await attempt();

      expect([first, second]).toMatchObject([{ isNak: true }, { isNak: true }]);
      expect(await bus.readBlock(at.address, at.register, 1)).toEqual(Uint8Array.of(0x3c));
    });

    it('refuses transfers once closed', async () => {
      const { bus, byteRegister: at } = harness;

      await bus.close();

      await expect(bus.readBlock(at.address, at.register, 1)).rejects.toMatchObject({ code: 'EBADF' });
    });
  });
};

/** Plain I2C, which Linux's i2c-stub does not have: kept to by the fake, the package i2c-bus and the simulation. */
export const describePlainI2c = (name: string, openHarness: () => Promise<I2cBusHarness>): void => {
  describe(`${name} with plain I2C transfers`, () => {
    let harness: I2cBusHarness;

    beforeEach(async () => {
      harness = await openHarness();
    });
    afterEach(() => harness.bus.close());

    it('writes bytes and reads bytes, as chips without registers need it', async () => {
      const { bus, byteRegister: at } = harness;

      await bus.write(at.address, Uint8Array.of(at.register, 0xa5));
      await bus.write(at.address, Uint8Array.of(at.register));

      expect(await bus.read(at.address, 1)).toEqual(Uint8Array.of(0xa5));
      expect(await bus.readBlock(at.address, at.register, 1)).toEqual(Uint8Array.of(0xa5));
    });

    it('reads as many bytes as asked for', async () => {
      const { bus, byteRegister: at } = harness;
      await bus.write(at.address, Uint8Array.of(0x88));

      const lengths = await Promise.all(
        [1, 6, 40].map(async (length) => (await bus.read(at.address, length)).length),
      );

      expect(lengths).toEqual([1, 6, 40]);
    });

    it('takes its turn with the other transfers', async () => {
      const { bus, byteRegister: at } = harness;

      const results = await Promise.all([
        bus.writeByte(at.address, at.register, 0x01),
        bus.write(at.address, Uint8Array.of(at.register, 0x02)),
        bus.readBlock(at.address, at.register, 1),
        bus.write(at.address, Uint8Array.of(at.register)),
        bus.read(at.address, 1),
      ]);

      expect(results).toEqual([undefined, undefined, Uint8Array.of(2), undefined, Uint8Array.of(2)]);
    });

    it('names the address where nothing acknowledged, and goes on working', async () => {
      const { bus, absentAddress, byteRegister: at } = harness;

      const read = faultIn(await bus.read(absentAddress, 6).catch((reason: unknown) => reason));
      const written = faultIn(await bus.write(absentAddress, Uint8Array.of(0xfd)).catch(faultIn));
      await bus.write(at.address, Uint8Array.of(at.register, 0x3c));

      for (const error of [read, written]) {
        expect(error).toMatchObject({ address: absentAddress, register: undefined, isNak: true });
        expect(error.message).toMatch(
          new RegExp(`^I2C 0x${absentAddress.toString(16)}: nothing answers \\(E[A-Z]+\\)$`),
        );
      }
      expect(await bus.readBlock(at.address, at.register, 1)).toEqual(Uint8Array.of(0x3c));
    });

    it('refuses transfers once closed', async () => {
      const { bus, byteRegister: at } = harness;

      await bus.close();

      await expect(bus.read(at.address, 1)).rejects.toMatchObject({ code: 'EBADF' });
      await expect(bus.write(at.address, Uint8Array.of(0))).rejects.toMatchObject({ code: 'EBADF' });
    });
  });
};
