import { once } from 'node:events';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import type { CloudFormationCustomResourceEvent } from 'aws-lambda';
import { z } from 'zod';

const answerSchema = z.object({
  Status: z.enum(['SUCCESS', 'FAILED']),
  Reason: z.string().optional(),
  PhysicalResourceId: z.string(),
});
type ResourceAnswer = z.output<typeof answerSchema>;

/** Stand-in for the address that CloudFormation waits at for a custom resource's answer. */
export type AnswerAddress = {
  readonly url: string;
  readonly answers: readonly ResourceAnswer[];
  close(): Promise<void>;
};

export const openAnswerAddress = async (): Promise<AnswerAddress> => {
  const answers: ResourceAnswer[] = [];
  const server = createServer((request, response) => {
    json(request).then(
      (body) => {
        answers.push(answerSchema.parse(body));
        response.end();
      },
      () => response.writeHead(400).end(),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP port was expected');
  return {
    url: `http://127.0.0.1:${address.port}/`,
    answers,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};

/** What CloudFormation sends the function behind a custom resource. */
export const resourceEvent = (
  type: CloudFormationCustomResourceEvent['RequestType'],
  url: string,
  properties: Readonly<Record<string, string>> = {},
): CloudFormationCustomResourceEvent => {
  const own = { ServiceToken: 'arn:function', ...properties };
  const event = {
    ServiceToken: 'arn:function',
    ResponseURL: url,
    StackId: 'stack',
    RequestId: 'request',
    LogicalResourceId: 'Resource',
    ResourceType: 'Custom::Any',
    ResourceProperties: own,
  };
  const PhysicalResourceId = 'made before';
  switch (type) {
    case 'Create':
      return { ...event, RequestType: type };
    case 'Update':
      return { ...event, RequestType: type, PhysicalResourceId, OldResourceProperties: own };
    case 'Delete':
      return { ...event, RequestType: type, PhysicalResourceId };
  }
};
