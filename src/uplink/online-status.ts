import type { Publisher } from '../mqtt/publisher.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { TimeKeeper } from '../time/time-keeper.ts';
import { formatDatetime, type StatusMessage } from '../weather/message.ts';

export type OnlineStatusParts = {
  readonly deviceid: string;
  readonly version: string;
  readonly outbox: Pick<Outbox, 'stats'>;
  readonly publisher: Pick<Publisher, 'problem'>;
  readonly timeKeeper: Pick<TimeKeeper, 'now' | 'stampOf'>;
};

/** What the station says of itself on every new connection. */
export const onlineStatus = ({
  deviceid,
  version,
  outbox,
  publisher,
  timeKeeper,
}: OnlineStatusParts): StatusMessage => {
  const { epoch, lanes } = outbox.stats();
  const problem = publisher.problem();
  const { wallMs } = timeKeeper.stampOf(timeKeeper.now());
  return {
    deviceid,
    state: 'online',
    datetime: formatDatetime(wallMs),
    epoch,
    version,
    waiting: lanes.reading.waiting,
    ...(problem === null ? {} : { problem }),
  };
};

/** The will, published by the broker once the station is gone. */
export const offlineStatus = (deviceid: string): StatusMessage => ({ deviceid, state: 'offline' });
