/** Whether the optional package i2c-bus was installed and could be built on this machine. */
export const isI2cBusBuilt = (): Promise<boolean> =>
  import('i2c-bus').then(
    () => true,
    () => false,
  );
