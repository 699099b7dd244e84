import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createServer, type Server } from 'node:net';
import { dirname } from 'node:path';
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  PutRecordCommand,
} from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';

/** Stand-in for Kinesis: the npm package kinesis-local, in a process of its own. */
export type Kinesis = {
  readonly endpoint: string;
  readonly client: KinesisClient;
  arnOf(stream: string): string;
  put(stream: string, partitionKey: string, record: string): Promise<void>;
  /** Everything that is in a stream now, shard by shard, as texts. */
  records(stream: string): Promise<string[]>;
  stop(): Promise<void>;
};

export const REGION = 'us-east-1';
const ACCOUNT = '000000000000';

const portOf = (server: Server): number => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP port was expected');
  return address.port;
};

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = portOf(server);
  server.close();
  await once(server, 'close');
  return port;
};

const until = async (condition: () => Promise<boolean>, what: string): Promise<void> => {
  const giveUpAt = Date.now() + 60_000;
  while (!(await condition().catch(() => false))) {
    if (Date.now() > giveUpAt) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};

const recordsOfShard = async (client: KinesisClient, stream: string, shard: string): Promise<string[]> => {
  const texts: string[] = [];
  const position = { StreamName: stream, ShardId: shard, ShardIteratorType: 'TRIM_HORIZON' } as const;
  let { ShardIterator: iterator } = await client.send(new GetShardIteratorCommand(position));
  while (iterator !== undefined) {
    const page = await client.send(new GetRecordsCommand({ ShardIterator: iterator }));
    const records = page.Records ?? [];
    if (records.length === 0) break;
    texts.push(...records.map(({ Data }) => Buffer.from(Data ?? []).toString('utf8')));
    iterator = page.NextShardIterator;
  }
  return texts;
};

/** Needs no other port than the ephemeral ones it takes; `streams` gives the shard count by name. */
export const startKinesis = async (streams: Readonly<Record<string, number>>): Promise<Kinesis> => {
  const main = createRequire(import.meta.url).resolve('kinesis-local/main.js');
  const port = await freePort();
  const server = spawn(process.execPath, [main], {
    // It looks for its certificate where it runs.
    cwd: dirname(main),
    env: {
      ...process.env,
      KINESIS_MOCK_PLAIN_PORT: String(port),
      KINESIS_MOCK_TLS_PORT: String(await freePort()),
    },
    stdio: 'ignore',
  });
  const endpoint = `http://127.0.0.1:${port}`;
  const client = new KinesisClient({
    endpoint,
    region: REGION,
    // By itself the client speaks HTTP/2, kinesis-local does not.
    requestHandler: new NodeHttpHandler(),
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });

  for (const [stream, shards] of Object.entries(streams)) {
    const created = () => client.send(new CreateStreamCommand({ StreamName: stream, ShardCount: shards }));
    await until(() => created().then(() => true), `${stream} is made`);
    const describe = new DescribeStreamSummaryCommand({ StreamName: stream });
    await until(
      async () => (await client.send(describe)).StreamDescriptionSummary?.StreamStatus === 'ACTIVE',
      `${stream} is active`,
    );
  }

  return {
    endpoint,
    client,
    arnOf: (stream) => `arn:aws:kinesis:${REGION}:${ACCOUNT}:stream/${stream}`,
    async put(stream, partitionKey, record) {
      await client.send(
        new PutRecordCommand({ StreamName: stream, PartitionKey: partitionKey, Data: Buffer.from(record) }),
      );
    },
    async records(stream) {
      const { Shards } = await client.send(new ListShardsCommand({ StreamName: stream }));
      const texts = await Promise.all(
        (Shards ?? []).map(({ ShardId }) => recordsOfShard(client, stream, ShardId ?? '')),
      );
      return texts.flat();
    },
    async stop() {
      client.destroy();
      if (server.exitCode !== null) return;
      const exit = once(server, 'exit');
      // It ends orderly only once every connection has.
      server.kill('SIGKILL');
      await exit;
    },
  };
};
