import { rmSync } from 'node:fs';
import { type Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  Code,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { acknowledgeObjects } from './acknowledge.ts';
import { bundleFunction, type FunctionName } from './bundle.ts';

type BundledFunctionProps = {
  readonly functionName: FunctionName;
  readonly description: string;
  readonly timeout: Duration;
  /** What the file exports; `handler` unless given. */
  readonly exportName?: string;
  readonly memoryMegabytes?: number;
  readonly environment?: Record<string, string>;
  /** A folder of `cloud/` whose files other than code are put beside the function. */
  readonly withFolder?: string;
};

/** A function with a role of its own: it may write its log and what is allowed by name, nothing by a managed policy. */
export class BundledFunction extends Construct {
  readonly function: LambdaFunction;
  readonly #role: Role;

  constructor(scope: Construct, id: string, props: BundledFunctionProps) {
    super(scope, id);
    const logGroup = new LogGroup(this, 'Log', {
      retention: RetentionDays.THREE_MONTHS,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.#role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: props.description,
    });
    logGroup.grantWrite(this.#role);
    const bundle = bundleFunction(props.functionName, props.withFolder);
    this.function = new LambdaFunction(this, 'Function', {
      code: Code.fromAsset(bundle),
      handler: `index.${props.exportName ?? 'handler'}`,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: props.memoryMegabytes ?? 256,
      timeout: props.timeout,
      description: props.description,
      environment: { NODE_OPTIONS: '--enable-source-maps', ...props.environment },
      role: this.#role,
      logGroup,
      loggingFormat: LoggingFormat.JSON,
    });
    // The asset is a copy of it.
    rmSync(bundle, { recursive: true });
  }

  allow(actions: readonly string[], resources: readonly string[]): void {
    this.#role.addToPolicy(
      new PolicyStatement({ effect: Effect.ALLOW, actions: [...actions], resources: [...resources] }),
    );
  }

  allowObjects(bucket: Bucket, pattern: string, actions: readonly string[]): void {
    this.allow(actions, [bucket.arnForObjects(pattern)]);
    acknowledgeObjects(this.#role, bucket, pattern);
  }

  /** For what IAM cannot name any closer; the reason stands in the template's report. */
  allowAny(statement: PolicyStatement, findings: Readonly<Record<string, string>>): void {
    this.#role.addToPolicy(statement);
    for (const [finding, reason] of Object.entries(findings)) {
      Validations.of(this.#role).acknowledge({ id: `AwsSolutions-IAM5[${finding}]`, reason });
    }
  }
}
