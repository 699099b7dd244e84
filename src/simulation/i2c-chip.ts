/** A chip as the bus sees it: registers behind one address. */
export type I2cChip = {
  /** The bytes the chip sends from this register on. */
  read(register: number, length: number): Uint8Array;
  /** Everything the master sends after the register number. */
  write(register: number, bytes: Uint8Array): void;
};
