import type { PreAlertMessage } from '../weather/message.ts';
import type { Instant } from '../weather/reading.ts';

/** What the alert lane keeps: the message without what is only known when it is sent. */
export type PreAlertEvent = Omit<
  PreAlertMessage,
  'deviceid' | 'epoch' | 'seq' | 'datetime' | 'timequality'
> & { readonly at: Instant };

export type Severity = PreAlertEvent['severity'];
