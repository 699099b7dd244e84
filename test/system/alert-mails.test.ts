import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AlertRow } from '../../cloud/contract/rows.ts';
import { type Kinesis, startKinesis } from './stand-ins/kinesis.ts';
import { type MailFunction, startMailFunction } from './stand-ins/mail-function.ts';

const { cases }: { cases: { row: AlertRow; message: string }[] } = JSON.parse(
  readFileSync(new URL('../../cloud/vectors/mails.json', import.meta.url), 'utf8'),
);
const [post] = cases;
if (!post) throw new Error('no vectors');

/** Each test has alerts of its own, because what was mailed stays mailed. */
let testNumber = 0;
const alert = (n: number, changes: Partial<AlertRow> = {}): string =>
  JSON.stringify({ ...post.row, alertid: `${testNumber}/${n}`, ...changes });

describe('the mail function as it is deployed', () => {
  let mailer: MailFunction;
  beforeAll(async () => {
    mailer = await startMailFunction();
  });
  beforeEach(() => {
    testNumber += 1;
  });
  afterAll(() => mailer.stop());
  const sentBy = async (work: () => Promise<unknown>) => {
    const before = mailer.mails.length;
    await work();
    return mailer.mails.slice(before);
  };

  it("mails what stands on the alerts stream, the post's sentence word for word", async () => {
    const kinesis: Kinesis = await startKinesis({ alerts: 1 });
    try {
      await kinesis.put('alerts', '1', alert(1));
      await kinesis.put('alerts', '1', alert(2, { late: true }));
      const records = await kinesis.records('alerts');

      const mails = await sentBy(() => mailer.deliver(records));

      expect(mails.map(({ message }) => message)).toEqual([
        `${post.message}\nTimes are UTC.`,
        `${post.message}\nReported late: the readings had to wait on their way.\nTimes are UTC.`,
      ]);
      expect(mails[0]).toMatchObject({
        subject: 'Weather alert: UK-Worthing',
        attributes: { kind: 'alert', deviceid: '1', station: 'UK-Worthing', late: 'false' },
      });
    } finally {
      await kinesis.stop();
    }
  });

  it('mails an alert once, however often it comes', async () => {
    const mails = await sentBy(async () => {
      expect(await mailer.deliver([alert(1), alert(1)])).toEqual({ batchItemFailures: [] });
      expect(await mailer.deliver([alert(1), alert(2)])).toEqual({ batchItemFailures: [] });
    });

    expect(mails.length).toBe(2);
  });

  it('sets aside at once what can never be read, and mails the others', async () => {
    const mails = await sentBy(async () => {
      const broken = ['{"deviceid":"1"}', 'not JSON'];
      expect(await mailer.deliver([alert(1), ...broken, alert(3)])).toEqual({ batchItemFailures: [] });
    });

    expect(mails.length).toBe(2);
    expect([...mailer.keptObjects.values()].map((body) => JSON.parse(body).partitionKey)).toEqual(['1', '1']);
  });

  it('sends so many mails of a station in an hour, then one that says so', async () => {
    const storm = Array.from({ length: 30 }, (_, n) => alert(n, { deviceid: '17' }));
    const mails = await sentBy(() => mailer.deliver([...storm, alert(99, { deviceid: '18' })]));

    // The hour may turn in between.
    const of = (id: string) => mails.filter(({ attributes }) => attributes['deviceid'] === id);
    expect(of('17').length).toBeLessThanOrEqual(22);
    expect(of('17').some(({ attributes }) => attributes['kind'] === 'cap')).toBe(true);
    expect(of('18').length).toBe(1);
  });

  it('sends later what SNS refused, and not twice what it took', async () => {
    mailer.refuse(1);
    const mails = await sentBy(async () => {
      const { batchItemFailures } = await mailer.deliver([alert(1), alert(2)]);
      expect(batchItemFailures).toEqual([{ itemIdentifier: '0' }]);
      expect(await mailer.deliver([alert(1), alert(2)])).toEqual({ batchItemFailures: [] });
    });

    expect(mails.length).toBe(2);
  });

  const gap = (changes: object = {}): object => ({
    ...{ deviceid: '1', epoch: `E${testNumber}`, fromseq: 1, toseq: 3, count: 3, from: null, to: null },
    ...{ reason: 'full', lane: 'gap' },
    ...changes,
  });

  it("mails a station's own event straight from its rule, once", async () => {
    const mails = await sentBy(async () => {
      await mailer.deliverEvent(gap());
      await mailer.deliverEvent(gap());
    });

    expect(mails.map(({ message }) => message)).toEqual([
      'Weather station "UK-Worthing" dropped 3 reading(s), 1 to 3: its store was full.\nTimes are UTC.',
    ]);
  });

  it.each([
    ['a row of the Flink job', () => JSON.parse(alert(1)) as object],
    ['a batch of a stream', () => ({ deviceid: '1', Records: [{ kinesis: { data: '' } }] })],
    ['an event that lacks what it must have', () => gap({ toseq: 'many' })],
    ['nothing', () => ({})],
  ])('takes %s for no event of a station, keeps it and goes on', async (_what, event) => {
    const before = mailer.keptObjects.size;
    expect(await sentBy(() => mailer.deliverEvent(event()))).toEqual([]);
    // The key is Lambda's id of the call, which the stand-in does not change.
    expect(mailer.keptObjects.size).toBeGreaterThanOrEqual(Math.max(1, before));
  });

  it('fails for what SNS refuses, so that Lambda tries again', async () => {
    mailer.refuse(1);
    const mails = await sentBy(async () => {
      const event = gap({ deviceid: '2' });
      await expect(mailer.deliverEvent(event)).rejects.toThrow();
      await mailer.deliverEvent(event);
    });

    expect(mails.length).toBe(1);
  });
});
