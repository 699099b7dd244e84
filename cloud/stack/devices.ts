import { Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { AttributeType, Billing, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnPolicy, CfnProvisioningTemplate, CfnThingGroup, CfnThingType } from 'aws-cdk-lib/aws-iot';
import { Construct } from 'constructs';
import { shadowTopicsOf } from '../../src/remote/shadow.ts';
import { jobTopicsOf } from '../../src/remote/verbs.ts';
import { topicsOf } from '../../src/weather/message.ts';
import { accountAsShown } from './acknowledge.ts';
import { BundledFunction } from './bundled-function.ts';

type DevicesProps = { readonly topicPrefix: string };

/** IoT Core puts the name of the thing here whose certificate connects. */
const THING = `\${iot:Connection.Thing.ThingName}`;

/** Who may connect, as what, and how a station becomes one of them. */
export class Devices extends Construct {
  readonly group: CfnThingGroup;
  readonly policy: CfnPolicy;
  readonly claimPolicy: CfnPolicy;
  readonly template: CfnProvisioningTemplate;
  /** Which stations may register by the claim. */
  readonly claims: TableV2;
  readonly #arn: string;

  constructor(scope: Construct, id: string, props: DevicesProps) {
    super(scope, id);
    const { partition, region, account } = Stack.of(this);
    this.#arn = `arn:${partition}:iot:${region}:${account}`;
    const type = new CfnThingType(this, 'Type', {
      thingTypeProperties: { thingTypeDescription: 'Weather station with weather-gateway' },
    });
    this.group = new CfnThingGroup(this, 'Group', {
      thingGroupProperties: { thingGroupDescription: 'Stations that may report' },
    });
    this.policy = new CfnPolicy(this, 'GatewayPolicy', {
      policyDocument: this.#gatewayStatements(props.topicPrefix),
    });
    this.claims = this.#createClaims();
    this.claimPolicy = new CfnPolicy(this, 'ClaimPolicy', { policyDocument: this.#claimStatements() });
    this.template = this.#createTemplate(type, this.#createHook(), props.topicPrefix);
  }

  /** By its own name, because a policy that the template hands out names the template too. */
  get #templateName(): string {
    return `${Stack.of(this).stackName}-stations`;
  }

  /** The two requests of fleet provisioning, and their answers: a card that registers, a station that renews itself. */
  #provisioningStatements(): object[] {
    const requests = [
      '$aws/certificates/create-from-csr/json',
      `$aws/provisioning-templates/${this.#templateName}/provision/json`,
    ];
    const answers = requests.flatMap((topic) => [`${topic}/accepted`, `${topic}/rejected`]);
    const allow = (Action: string, kind: string, topics: readonly string[]): object => ({
      Effect: 'Allow',
      Action,
      Resource: topics.map((topic) => `${this.#arn}:${kind}/${topic}`),
    });
    return [
      allow('iot:Publish', 'topic', requests),
      allow('iot:Subscribe', 'topicfilter', answers),
      allow('iot:Receive', 'topic', answers),
    ];
  }

  /**
   * A station connects as itself, writes the topics with its own name, and hears of its own jobs and configuration alone. AWS takes
   * 2,048 characters a policy. So what it may receive is one line, as it receives what it subscribes to; and actions that have
   * topics in common, or none of each other's kind, share a statement: topics are published to, filters subscribed to.
   */
  #gatewayStatements(topicPrefix: string): object {
    const { status, health, ...others } = topicsOf(topicPrefix, THING);
    const jobs = jobTopicsOf(THING);
    const shadow = shadowTopicsOf(THING);
    const topic = (name: string): string => `${this.#arn}:topic/${name}`;
    const published = [...Object.values(others), jobs.startNext, jobs.update('*'), shadow.update];
    const filters = [...jobs.filters, ...shadow.filters];
    return {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: 'iot:Connect',
          Resource: `${this.#arn}:client/${THING}`,
          Condition: { Bool: { 'iot:Connection.Thing.IsAttached': ['true'] } },
        },
        {
          Effect: 'Allow',
          Action: ['iot:Publish', 'iot:RetainPublish'],
          Resource: [status, health].map(topic),
        },
        {
          Effect: 'Allow',
          Action: ['iot:Publish', 'iot:Subscribe'],
          Resource: [
            ...published.map(topic),
            ...filters.map((filter) => `${this.#arn}:topicfilter/${filter}`),
          ],
        },
        {
          Effect: 'Allow',
          Action: 'iot:Receive',
          Resource: topic(`$aws/things/${THING}/*`),
        },
      ],
    };
  }

  /**
   * The claim is in every image of a card. It can ask for a certificate of its own, and for nothing else. A station
   * has this policy, too, and renews its certificate by it: over a connection of its own, so that its readings go on.
   */
  #claimStatements(): object {
    return {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: 'iot:Connect',
          Resource: `${this.#arn}:client/claim-\${iot:CertificateId}`,
        },
        ...this.#provisioningStatements(),
      ],
    };
  }

  #createClaims(): TableV2 {
    const table = new TableV2(this, 'Claims', {
      partitionKey: { name: 'id', type: AttributeType.STRING },
      billing: Billing.onDemand(),
      encryption: TableEncryptionV2.dynamoOwnedKey(),
      removalPolicy: RemovalPolicy.DESTROY,
    });
    Validations.of(table).acknowledge({
      id: 'AwsSolutions-DDB3',
      reason: 'An operator lists again who may still register; without the table nobody can.',
    });
    return table;
  }

  #createHook(): BundledFunction {
    const hook = new BundledFunction(this, 'Hook', {
      functionName: 'provisioning-hook',
      description: 'Lets a claim make only stations that the operator listed, each once',
      timeout: Duration.seconds(5),
      environment: { CLAIMS_TABLE: this.claims.tableName },
    });
    hook.allow(['dynamodb:GetItem', 'dynamodb:UpdateItem'], [this.claims.tableArn]);
    hook.allowAny(
      new PolicyStatement({
        effect: Effect.ALLOW,
        actions: ['iot:ListThingPrincipals'],
        resources: [`${this.#arn}:thing/*`],
      }),
      { [`Resource::${this.#nagArn}:thing/*`]: 'Which station asks is not known before it asks.' },
    );
    hook.function.addPermission('Provisioning', {
      principal: new ServicePrincipal('iot.amazonaws.com'),
      sourceAccount: Stack.of(this).account,
    });
    return hook;
  }

  /** The ARN as cdk-nag writes it. */
  get #nagArn(): string {
    return `arn:aws:iot:${Stack.of(this).region}:${accountAsShown(this)}`;
  }

  #createTemplate(type: CfnThingType, hook: BundledFunction, topicPrefix: string): CfnProvisioningTemplate {
    const role = new Role(this, 'ProvisioningRole', {
      assumedBy: new ServicePrincipal('iot.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
      description: 'Fleet provisioning: registers things and attaches their certificates',
    });
    const resources = ['cert', 'policy', 'thing', 'thinggroup', 'thingtype'].map(
      (kind) => `${this.#arn}:${kind}/*`,
    );
    role.addToPolicy(
      new PolicyStatement({
        effect: Effect.ALLOW,
        actions: [
          'iot:AddThingToThingGroup',
          'iot:AttachPolicy',
          'iot:AttachThingPrincipal',
          'iot:CreateThing',
          'iot:DescribeCertificate',
          'iot:DescribeThing',
          'iot:DescribeThingGroup',
          'iot:DescribeThingType',
          'iot:GetPolicy',
          'iot:ListThingGroupsForThing',
          'iot:UpdateCertificate',
          'iot:UpdateThing',
        ],
        resources,
      }),
    );
    for (const kind of ['cert', 'policy', 'thing', 'thinggroup', 'thingtype']) {
      Validations.of(role).acknowledge({
        id: `AwsSolutions-IAM5[Resource::${this.#nagArn}:${kind}/*]`,
        reason: 'Fleet provisioning makes things and certificates whose names do not exist before.',
      });
    }
    return new CfnProvisioningTemplate(this, 'Template', {
      templateName: this.#templateName,
      description: 'A station that proves itself by a claim and is on the list becomes a thing',
      enabled: true,
      provisioningRoleArn: role.roleArn,
      preProvisioningHook: { targetArn: hook.function.functionArn, payloadVersion: '2020-04-01' },
      templateBody: Stack.of(this).toJsonString(this.#templateBody(type, topicPrefix)),
    });
  }

  /** A card sends its serial number; the hook gives the other parameters their values. */
  #templateBody(type: CfnThingType, topicPrefix: string): object {
    const text = { Type: 'String', Default: '' };
    return {
      Parameters: {
        SerialNumber: text,
        StationId: { Type: 'String', Default: 'unlisted' },
        StationName: text,
        Endpoint: text,
        'AWS::IoT::Certificate::Id': { Type: 'String' },
      },
      DeviceConfiguration: {
        name: { Ref: 'StationName' },
        endpoint: { Ref: 'Endpoint' },
        topicPrefix,
      },
      Resources: {
        certificate: {
          Type: 'AWS::IoT::Certificate',
          Properties: { CertificateId: { Ref: 'AWS::IoT::Certificate::Id' }, Status: 'Active' },
        },
        policy: { Type: 'AWS::IoT::Policy', Properties: { PolicyName: this.policy.ref } },
        renewal: { Type: 'AWS::IoT::Policy', Properties: { PolicyName: this.claimPolicy.ref } },
        thing: {
          Type: 'AWS::IoT::Thing',
          Properties: {
            ThingName: { Ref: 'StationId' },
            ThingTypeName: type.ref,
            ThingGroups: [this.group.ref],
          },
          // A station that registers a further certificate stays what it is.
          OverrideSettings: {
            AttributePayload: 'MERGE',
            ThingTypeName: 'REPLACE',
            ThingGroups: 'DO_NOTHING',
          },
        },
      },
    };
  }
}
