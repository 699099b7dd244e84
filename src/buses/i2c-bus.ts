/**
 * One I2C bus. Calls are serialised: only one transfer is on the wire at a time.
 * Rejects with `I2cError`; the next call after an error starts from a freshly opened bus.
 */
export type I2cBus = {
  /** SMBus I2C-block read of 1 to 32 bytes. */
  readBlock(address: number, register: number, length: number): Promise<Uint8Array>;
  /** SMBus word read, first byte on the wire is the low one; big-endian devices must swap. */
  readWord(address: number, register: number): Promise<number>;
  writeByte(address: number, register: number, value: number): Promise<void>;
  writeWord(address: number, register: number, value: number): Promise<void>;
  close(): Promise<void>;
};
