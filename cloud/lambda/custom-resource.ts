import type { CloudFormationCustomResourceEvent } from 'aws-lambda';
import { formatError } from '../../src/weather/format.ts';

/** What the template gave a custom resource, all of it text. */
type ResourceRequest = {
  readonly type: CloudFormationCustomResourceEvent['RequestType'];
  readonly properties: Readonly<Record<string, unknown>>;
};

/** CloudFormation takes an answer of 4,096 bytes; after a longer one it waits an hour for another. */
const MAX_REASON_LENGTH = 700;

/**
 * Makes a CloudFormation handler of one that simply resolves or throws; the message of the error reaches the user. What
 * somebody deleted before is deleted.
 */
export const customResource =
  (work: (request: ResourceRequest) => Promise<void>) =>
  async (event: CloudFormationCustomResourceEvent): Promise<void> => {
    const outcome = await work({ type: event.RequestType, properties: event.ResourceProperties }).then(
      () => ({ Status: 'SUCCESS' }),
      (error: unknown) =>
        event.RequestType === 'Delete' && error instanceof Error && error.name === 'ResourceNotFoundException'
          ? { Status: 'SUCCESS' }
          : { Status: 'FAILED', Reason: formatError(error).slice(0, MAX_REASON_LENGTH) },
    );
    const response = await fetch(event.ResponseURL, {
      method: 'PUT',
      // Without a content type: the address is signed for none.
      headers: { 'content-type': '' },
      body: JSON.stringify({
        ...outcome,
        // Constant: another one would make CloudFormation delete the old resource.
        PhysicalResourceId:
          event.RequestType === 'Create' ? event.LogicalResourceId : event.PhysicalResourceId,
        StackId: event.StackId,
        RequestId: event.RequestId,
        LogicalResourceId: event.LogicalResourceId,
      }),
    });
    if (!response.ok) throw new Error(`CloudFormation did not take the answer: ${response.status}`);
  };

/** A property that must be text. */
export const textProperty = ({ properties }: ResourceRequest, name: string): string => {
  const value = properties[name];
  if (typeof value !== 'string' || value === '') throw new Error(`property ${name} is missing`);
  return value;
};
