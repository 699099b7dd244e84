import { describe, expect, it } from 'vitest';
import { describeStore } from '../contract/store.ts';
import { createFakeDisk } from './store.ts';

describeStore('the fake', () => {
  const disk = createFakeDisk();
  return Promise.resolve({
    store: disk.open(),
    reopen: () => Promise.resolve(disk.open()),
    setFull: disk.setFull,
  });
});

describe('the fake disk', () => {
  it('loses at a power cut what was not synced, except the oldest changes it is told to keep', async () => {
    const disk = createFakeDisk();
    const store = disk.open();
    await store.write([{ key: 'a', value: '1' }], { sync: true });
    await store.write([{ key: 'b', value: '2' }], { sync: false });
    await store.write([{ key: 'a', value: null }], { sync: false });

    disk.cutPower(1);

    expect(disk.keys()).toEqual(['a', 'b']);
  });
});
