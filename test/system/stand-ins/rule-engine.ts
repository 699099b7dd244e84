import { connectAsync, type MqttClient } from 'mqtt';
import type { LandingTableKey } from '../../../cloud/sql/landing-tables.ts';
import { topicRules } from '../../../cloud/stack/topic-rules.ts';
import type { CertificateAuthority } from '../../../src/certificate/certificate-authority.ts';
import { parseRule } from './rule-sql.ts';

/**
 * Stand-in for IoT Core's rule engine: hears every message at the broker, applies the project's SQL, and does what the
 * rule's actions do, Firehose first. One message of a station after the other, so that it keeps the order of the broker.
 */
export type RuleEngine = {
  /** Messages that were taken so far. */
  count(): number;
  stop(): Promise<void>;
};

export type RuleTargets = {
  /** Firehose's PutRecord, or PutRecordBatch for several. */
  deliver(table: LandingTableKey, records: readonly string[]): Promise<void>;
  /** Kinesis's PutRecord. */
  put(stream: 'readings' | 'alerts', partitionKey: string, record: string): Promise<void>;
};

const PREFIX = 'weather';

const rules = topicRules(PREFIX).map((rule) => ({ ...rule, apply: parseRule(rule.sql) }));

const stationOf = (topic: string): string => topic.split('/')[1] ?? '';

const applyRules = async (topic: string, payload: unknown, targets: RuleTargets): Promise<void> => {
  for (const { apply, isBatch, table, stream } of rules) {
    const selected = apply({ topic, payload, nowMs: Date.now() });
    if (selected === undefined) continue;
    const records = isBatch && Array.isArray(selected) ? selected : [selected];
    await targets.deliver(
      table,
      records.map((record) => `${JSON.stringify(record)}\n`),
    );
    if (stream !== null) await targets.put(stream, stationOf(topic), JSON.stringify(selected));
  }
};

export type Broker = { readonly port: number; readonly authority: CertificateAuthority };

export const startRuleEngine = async (broker: Broker, targets: RuleTargets): Promise<RuleEngine> => {
  const identity = await broker.authority.issueClient('rule-engine');
  const client: MqttClient = await connectAsync(`mqtts://localhost:${broker.port}`, {
    cert: identity.certificate,
    key: identity.privateKey,
    ca: broker.authority.certificate,
    protocolVersion: 5,
    clientId: 'rule-engine',
  });
  let count = 0;
  let failure: unknown;
  const workByStation = new Map<string, Promise<void>>();
  client.on('message', (topic, payload) => {
    const station = stationOf(topic);
    const before = workByStation.get(station) ?? Promise.resolve();
    const work = before.then(async () => {
      try {
        await applyRules(topic, JSON.parse(payload.toString('utf8')), targets);
        count += 1;
      } catch (error) {
        failure ??= error;
      }
    });
    workByStation.set(station, work);
  });
  await client.subscribeAsync(`${PREFIX}/#`, { qos: 1 });
  return {
    count: () => count,
    async stop() {
      await client.endAsync();
      await Promise.all(workByStation.values());
      if (failure !== undefined) throw failure;
    },
  };
};
