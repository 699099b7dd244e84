import { describeI2cBus, describePlainI2c } from '../contract/i2c-bus.ts';
import { createFakeI2cBus, createRegisterMap, createWordRegisters } from './i2c-bus.ts';

const openHarness = () => {
  const bus = createFakeI2cBus();
  bus.attach(0x76, createRegisterMap());
  bus.attach(0x48, createWordRegisters());
  return Promise.resolve({
    bus,
    byteRegister: { address: 0x76, register: 0xf5 },
    wordRegister: { address: 0x48, register: 2 },
    absentAddress: 0x77,
  });
};

describeI2cBus('the fake', openHarness);
describePlainI2c('the fake', openHarness);
