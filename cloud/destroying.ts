import type { S3Client } from '@aws-sdk/client-s3';
import { deleteBucket } from './emptying.ts';
import type { StackOutputs } from './outputs.ts';

export type DestroyingProps = {
  readonly s3: S3Client;
  readonly stack: StackOutputs;
  /** `cdk destroy`, which asks first. Returns whether it ended well, a "no" to its question included. */
  readonly destroyStack: () => boolean;
  readonly isStackThere: () => Promise<boolean>;
  readonly deletesData: boolean;
  readonly report: (line: string) => void;
};

/** Removes the stack, then its data where that is asked for. Returns whether all of it is gone that was to go. */
export const destroy = async ({ s3, stack, report, ...props }: DestroyingProps): Promise<boolean> => {
  // Who answers no makes `cdk destroy` end well too: only a stack that is gone may take its data with it.
  if (!props.destroyStack() || (await props.isStackThere())) {
    report('The stack is still there; nothing of its data was touched.');
    return false;
  }
  const buckets = [stack.DeliveriesBucket, stack.ErrorsBucket, stack.StationsBucket];
  if (!props.deletesData) {
    report(
      `Kept, with what is in them: ${buckets.join(', ')}, their log bucket, the Redshift namespace or snapshot.`,
    );
    return true;
  }
  for (const bucket of buckets) {
    report(`${bucket}: deleted with ${await deleteBucket(s3, bucket)} object(s)`);
  }
  report(
    'Kept: the log bucket and the Redshift namespace (or the final snapshot); delete them in the console.',
  );
  return true;
};
