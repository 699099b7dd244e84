import type { CfnElement } from 'aws-cdk-lib';
import { Stack, Token, Validations } from 'aws-cdk-lib';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { IConstruct } from 'constructs';

/** As cdk-nag names a resource of the template. */
const logicalId = (construct: IConstruct): string => {
  const child = construct.node.defaultChild;
  if (!child) throw new Error(`${construct.node.path} has no resource`);
  return Stack.of(construct).getLogicalId(child as CfnElement);
};

/** The account as cdk-nag writes it: known with credentials, a reference without. */
export const accountAsShown = (scope: IConstruct): string => {
  const { account } = Stack.of(scope);
  return Token.isUnresolved(account) ? '<AWS::AccountId>' : account;
};

/** Objects of one bucket under one prefix: their names are not known before they are written. */
export const acknowledgeObjects = (role: IConstruct, bucket: Bucket, pattern: string): void => {
  Validations.of(role).acknowledge({
    id: `AwsSolutions-IAM5[Resource::<${logicalId(bucket)}.Arn>/${pattern}]`,
    reason: `Objects are named when they are written; the statement ends at ${pattern} of one bucket.`,
  });
};
