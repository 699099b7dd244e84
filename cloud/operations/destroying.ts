import { DeleteNamespaceCommand, type RedshiftServerlessClient } from '@aws-sdk/client-redshift-serverless';
import type { S3Client } from '@aws-sdk/client-s3';
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
  // Who answers no makes `cdk destroy` end well too: only a stack that is gone may take its data with it.
  if (!props.destroyStack() || (await props.isStackThere())) {
    report('The stack is still there; nothing of its data was touched.');
    return false;
  }
  const buckets = [stack.DeliveriesBucket, stack.ErrorsBucket, stack.StationsBucket];
  // The stack gives both the same name.
  const namespace = stack.Workgroup;
  if (!props.deletesData) {
    report(`Kept, with what is in them: ${buckets.join(', ')}, their log bucket.`);
    if (stack.Cluster !== undefined) report('Kept: the final snapshot of Redshift.');
    if (namespace !== undefined)
      report(
        `Kept: the Redshift namespace ${namespace}. A new deploy makes its own beside it. To delete it: ` +
          `aws redshift-serverless delete-namespace --namespace-name ${namespace}`,
      );
    return true;
  }
  for (const bucket of buckets) {
    report(`${bucket}: deleted with ${await deleteBucket(s3, bucket)} object(s)`);
  }
  if (namespace !== undefined) {
    await serverless.send(new DeleteNamespaceCommand({ namespaceName: namespace }));
    report(`${namespace}: Redshift deletes the namespace and its tables`);
  }
  report('Kept: the log bucket, and the final snapshot of a Redshift cluster; delete them in the console.');
  return true;
};
