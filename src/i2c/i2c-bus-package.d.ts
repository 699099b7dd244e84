/** The part of the npm package i2c-bus 5 that is used; it ships no types. */
declare module 'i2c-bus' {
  type PromisifiedBus = {
    readI2cBlock(
      address: number,
      register: number,
      length: number,
      buffer: Buffer,
    ): Promise<{ bytesRead: number; buffer: Buffer }>;
    readWord(address: number, register: number): Promise<number>;
    writeByte(address: number, register: number, value: number): Promise<void>;
    writeWord(address: number, register: number, value: number): Promise<void>;
    i2cRead(address: number, length: number, buffer: Buffer): Promise<{ bytesRead: number; buffer: Buffer }>;
    i2cWrite(
      address: number,
      length: number,
      buffer: Buffer,
    ): Promise<{ bytesWritten: number; buffer: Buffer }>;
    close(): Promise<void>;
  };
  export const openPromisified: (busNumber: number) => Promise<PromisifiedBus>;
  export type { PromisifiedBus };
}
