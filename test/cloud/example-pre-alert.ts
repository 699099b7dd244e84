import type { PreAlertMessage } from '../../src/weather/message.ts';

/** One of a station, as it publishes it. */
export const preAlert: PreAlertMessage = {
  deviceid: '1',
  epoch: '01JX',
  seq: 7,
  datetime: '2020-05-20 14:58:28',
  timequality: 'synced',
  rule: 'heat',
  kind: 'limit',
  quantity: 'temperature',
  severity: 'warning',
  transition: 'raised',
  value: 38.5,
  limit: 38,
  unit: '°C',
  minutestolimit: null,
  text: 'temperature 38.5 °C is above 38 °C.',
};
