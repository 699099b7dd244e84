import { beforeEach, describe, expect, it } from 'vitest';
import { BatchLimit } from '../../src/uplink/pacing.ts';
import { createManualClock, type ManualClock } from '../fakes/clock.ts';

const STATUS_BYTES = 150;
const READING_BYTES = 250;
/** A reconnection with its handshake on a slow link. */
const RECONNECT_MS = 3_000;

type Path = { readonly bytesPerMs: number; readonly roundTripMs?: number; readonly maxBytes?: number };

let clock: ManualClock;
let limit: BatchLimit;

beforeEach(() => {
  clock = createManualClock();
  limit = new BatchLimit(clock);
});

/** One full message on a path; returns its size. */
const send = async ({
  bytesPerMs,
  roundTripMs = 0,
  maxBytes = Number.POSITIVE_INFINITY,
}: Path): Promise<number> => {
  const count = Math.max(1, Math.floor(limit.maxBytes() / READING_BYTES));
  const bytes = count * READING_BYTES;
  if (bytes > maxBytes) {
    await clock.advance(limit.stallMs(bytes));
    limit.noteStalled(bytes);
    await clock.advance(RECONNECT_MS);
    return 0;
  }
  const tookMs = roundTripMs + bytes / bytesPerMs;
  await clock.advance(tookMs);
  limit.noteRate(bytes, tookMs);
  limit.noteAcknowledged(count, bytes, tookMs);
  return bytes;
};

/** What a backlog gets through in so long, of what the path can carry. */
const shareOf = async (path: Path, ms: number): Promise<number> => {
  const startMs = clock.monotonicMs();
  limit.noteRate(STATUS_BYTES, (path.roundTripMs ?? 0) + STATUS_BYTES / path.bytesPerMs);
  let sent = 0;
  while (clock.monotonicMs() - startMs < ms) sent += await send(path);
  return sent / ((clock.monotonicMs() - startMs) * path.bytesPerMs);
};

describe('how much a message may carry', () => {
  it.each([700, 1_000, 1_300, 1_500, 2_000, 2_500, 3_000, 4_500, 6_000, 9_000, 15_000])(
    'drains a backlog at nine tenths of a path of 4 KB/s that swallows messages over %i bytes',
    async (maxBytes) => {
      expect(await shareOf({ bytesPerMs: 4, maxBytes }, 150_000)).toBeGreaterThan(0.9);
      expect(await shareOf({ bytesPerMs: 4, maxBytes }, 7_200_000)).toBeGreaterThan(0.97);
    },
  );

  it.each([{ bytesPerMs: 4 }, { bytesPerMs: 1_000, roundTripMs: 40 }, { bytesPerMs: 30, roundTripMs: 600 }])(
    'reaches messages that fill the path within seconds: %o',
    async (path) => {
      await shareOf(path, 30_000);
      expect(limit.maxBytes()).toBeGreaterThanOrEqual(8_000);
    },
  );

  it('does not blame a size for a network that went away', async () => {
    await shareOf({ bytesPerMs: 1_000 }, 10);
    const before = limit.maxBytes();
    limit.noteStalled(before);
    limit.noteUnreachable();
    for (let message = 0; message < 10; message += 1) await send({ bytesPerMs: 1_000 });
    expect(limit.maxBytes()).toBe(120_000);
  });

  it('goes down with a path that becomes narrow, and up again when it heals', async () => {
    const wide = { bytesPerMs: 1_000 };
    await shareOf(wide, 3_000);
    expect(limit.maxBytes()).toBe(120_000);
    for (let message = 0; message < 12; message += 1) await send({ ...wide, maxBytes: 3_000 });
    expect(await send({ ...wide, maxBytes: 3_000 })).toBeGreaterThan(1_400);
    await shareOf(wide, 3_600_000 * 7);
    expect(limit.maxBytes()).toBe(120_000);
  });

  it('keeps away from a size that breaks the connection twice', async () => {
    let breaks = 0;
    const sendOn = async (): Promise<void> => {
      if (limit.maxBytes() <= 8_000) await send({ bytesPerMs: 1_000 });
      else {
        limit.noteBroken(limit.maxBytes());
        breaks += 1;
      }
    };
    for (let message = 0; message < 200; message += 1) await sendOn();
    expect(breaks).toBe(2);
    expect(limit.maxBytes()).toBeGreaterThanOrEqual(4_000);
  });

  it('learns nothing of long messages from short ones', () => {
    const before = limit.maxBytes();
    for (let reading = 0; reading < 100; reading += 1) {
      limit.noteRate(READING_BYTES, 1);
      limit.noteAcknowledged(1, READING_BYTES, 1);
    }
    expect(limit.maxBytes()).toBe(before);
  });
});
