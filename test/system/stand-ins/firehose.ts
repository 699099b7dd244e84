import { once } from 'node:events';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { z } from 'zod';

/**
 * Stand-in for Firehose: takes PutRecord and PutRecordBatch over HTTP and joins what it is given, as Firehose joins
 * records to files. What becomes of the files is the test's affair.
 */
export type Firehose = {
  readonly endpoint: string;
  /** What a delivery stream was given since the last call, joined: the next file; empty when nothing came. */
  takeFile(deliveryStream: string): Uint8Array;
  stop(): Promise<void>;
};

const recordSchema = z.object({ Data: z.base64() });
const requestSchema = z.union([
  z
    .object({ DeliveryStreamName: z.string(), Records: z.array(recordSchema) })
    .transform(({ DeliveryStreamName, Records }) => ({ name: DeliveryStreamName, records: Records })),
  z
    .object({ DeliveryStreamName: z.string(), Record: recordSchema })
    .transform(({ DeliveryStreamName, Record }) => ({ name: DeliveryStreamName, records: [Record] })),
]);

export const startFirehose = async (): Promise<Firehose> => {
  const buffers = new Map<string, Buffer[]>();

  const take = (body: unknown): object => {
    const { name, records } = requestSchema.parse(body);
    const buffer = buffers.get(name) ?? [];
    buffers.set(name, buffer);
    buffer.push(...records.map(({ Data }) => Buffer.from(Data, 'base64')));
    const responses = records.map((_, index) => ({ RecordId: `${name}/${index}` }));
    return { ...responses[0], FailedPutCount: 0, RequestResponses: responses };
  };

  const server = createServer((request, response) => {
    json(request)
      .then(take)
      .then((answer) =>
        response.setHeader('content-type', 'application/x-amz-json-1.1').end(JSON.stringify(answer)),
      )
      .catch((error) =>
        response
          .writeHead(400)
          .end(JSON.stringify({ __type: 'InvalidArgumentException', message: String(error) })),
      );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP port was expected');

  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    takeFile(deliveryStream) {
      const file = Buffer.concat(buffers.get(deliveryStream) ?? []);
      buffers.delete(deliveryStream);
      return file;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};
