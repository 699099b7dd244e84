import {
  DeleteNamespaceCommand,
  type RedshiftServerlessClient,
  ResourceNotFoundException,
} from '@aws-sdk/client-redshift-serverless';
import { NoSuchBucket, type S3Client } from '@aws-sdk/client-s3';
import { formatError } from '../../src/weather/format.ts';
import type { StackOutputs } from '../contract/outputs.ts';
import { deleteBucket } from './emptying.ts';

type DestroyingProps = {
  readonly s3: S3Client;
  readonly serverless: RedshiftServerlessClient;
  readonly stack: StackOutputs;
  /** `cdk destroy`, which asks first. Returns whether it ended well, a "no" to its question included. */
  readonly destroyStack: () => boolean;
  readonly isStackThere: () => Promise<boolean>;
  readonly deletesData: boolean;
  readonly report: (line: string) => void;
};

/** Removes the stack, then its data where that is asked for. Returns whether all of it is gone that was to go. */
export const destroy = async ({
  s3,
  serverless,
  stack,
  report,
  ...props
}: DestroyingProps): Promise<boolean> => {
  const buckets = [stack.DeliveriesBucket, stack.ErrorsBucket, stack.StationsBucket];
  // The stack gives both the same name.
  const namespace = stack.Workgroup;
  const deleteNamespace = `aws redshift-serverless delete-namespace --namespace-name ${namespace}`;
  // Now, because a stack that is gone tells no names.
  if (props.deletesData)
    report(`Its data: ${[...buckets, ...(namespace === undefined ? [] : [namespace])].join(', ')}`);
  // Who answers no makes `cdk destroy` end well too: only a stack that is gone may take its data with it.
  if (!props.destroyStack() || (await props.isStackThere())) {
    report('The stack is still there; nothing of its data was touched.');
    return false;
  }
  if (!props.deletesData) {
    report(`Kept, with what is in them: ${buckets.join(', ')}, their log bucket.`);
    if (stack.Cluster !== undefined) report('Kept: the final snapshot of Redshift.');
    if (namespace !== undefined)
      report(
        `Kept: the Redshift namespace ${namespace}. A new deploy makes its own beside it. To delete it: ` +
          deleteNamespace,
      );
    return true;
  }
  let isGone = true;
  /** The others go on: the command cannot be run again without a stack. */
  const attempt = async (name: string, advice: string, work: () => Promise<string>): Promise<void> => {
    try {
      report(`${name}: ${await work()}`);
    } catch (error) {
      if (error instanceof NoSuchBucket || error instanceof ResourceNotFoundException) return;
      isGone = false;
      report(`${name}: not deleted (${formatError(error)}): ${advice}`);
    }
  };
  for (const bucket of buckets) {
    await attempt(
      bucket,
      'do it in the console',
      async () => `deleted with ${await deleteBucket(s3, bucket)} object(s)`,
    );
  }
  if (namespace !== undefined) {
    await attempt(namespace, deleteNamespace, async () => {
      await serverless.send(new DeleteNamespaceCommand({ namespaceName: namespace }));
      return 'Redshift deletes the namespace and its tables';
    });
  }
  report('Kept: the log bucket, and the final snapshot of a Redshift cluster; delete them in the console.');
  return isGone;
};
