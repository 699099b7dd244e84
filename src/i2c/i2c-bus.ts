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
  /** Plain I2C read, for chips without registers: the bytes the chip sends now. */
  read(address: number, length: number): Promise<Uint8Array>;
  /** Plain I2C write of at least one byte, such as a command. */
  write(address: number, bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
};

/** The destination of a transfer; plain I2C transfers name no register. */
export type I2cTarget = { readonly address: number; readonly register?: number };

/** What the kernel's or the bus's errno names mean to whoever holds the soldering iron. */
const meanings: Readonly<Record<string, string>> = {
  EREMOTEIO: 'nothing answers',
  ENXIO: 'nothing answers',
  ENODEV: 'nothing answers',
  EIO: 'transfer failed',
  ETIMEDOUT: 'no end of transfer; a device may be holding SDA or SCL low',
  EBUSY: 'a kernel driver owns this address; remove its dtoverlay from config.txt',
  ENOENT: 'the bus is not there; switch I2C on: sudo raspi-config nonint do_i2c 0',
  EACCES: 'no permission; add the user to the group i2c',
  EBADF: 'the bus is closed',
};

/** An address or a register's content, as datasheets write it. */
export const hex = (value: number, digits = 2): string => `0x${value.toString(16).padStart(digits, '0')}`;

/** `code` is the errno's name, such as `EREMOTEIO` for a NAK on a Raspberry Pi. */
export class I2cError extends Error {
  readonly code: string;
  readonly address: number;
  readonly register: number | undefined;

  constructor(code: string, { address, register }: I2cTarget, options?: ErrorOptions) {
    const target = register === undefined ? hex(address) : `${hex(address)} register ${hex(register)}`;
    super(`I2C ${target}: ${meanings[code] ?? 'failed'} (${code})`, options);
    this.name = 'I2cError';
    this.code = code;
    this.address = address;
    this.register = register;
  }

  /** Whether there is no bus to talk on, or none for this user. */
  get isBusMissing(): boolean {
    return ['ENOENT', 'EACCES'].includes(this.code);
  }

  /** Whether nothing acknowledged its address: EREMOTEIO (bcm2835), ENXIO (RP1), ENODEV (i2c-stub). */
  get isNak(): boolean {
    return ['EREMOTEIO', 'ENXIO', 'ENODEV'].includes(this.code);
  }
}
