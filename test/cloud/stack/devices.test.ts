import { beforeAll, describe, expect, it } from 'vitest';
import { shadowTopicsOf } from '../../../src/remote/shadow.ts';
import { jobTopicsOf } from '../../../src/remote/verbs.ts';
import { topicsOf } from '../../../src/weather/message.ts';
import { synthesize } from './synthesis.ts';

type Statement = { Action: string | string[]; Resource: unknown; Condition?: unknown };

/** The ends of ARNs, which CloudFormation joins from parts. */
const tails = (resource: unknown): string[] =>
  (Array.isArray(resource) ? resource : [resource]).map((arn) => JSON.stringify(arn).replaceAll('"]]}', ''));

const pseudoParameters: Readonly<Record<string, string>> = {
  'AWS::Partition': 'aws',
  // One of the longest.
  'AWS::Region': 'ap-southeast-1',
  'AWS::AccountId': '123456789012',
};

/** A part of a template as CloudFormation deploys it. */
const deployed = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(deployed);
  if (typeof value !== 'object' || value === null) return value;
  const { Ref: ref, 'Fn::Join': join } = value as { Ref?: string; 'Fn::Join'?: [string, unknown[]] };
  if (ref !== undefined) return pseudoParameters[ref] ?? value;
  if (join !== undefined) return join[1].map(deployed).join(join[0]);
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, deployed(part)]));
};

describe('what a station may do', () => {
  let statements: Statement[];
  let claim: Statement[];
  let templateBody: string;
  beforeAll(() => {
    const { template } = synthesize({ profile: 'archive' });
    const documents = Object.values(template.findResources('AWS::IoT::Policy')).map(
      ({ Properties }) => (Properties.PolicyDocument as { Statement: Statement[] }).Statement,
    );
    statements = documents.find((document) => JSON.stringify(document).includes('iot:RetainPublish')) ?? [];
    claim = documents.find((document) => JSON.stringify(document).includes('client/claim-')) ?? [];
    templateBody = JSON.stringify(template.findResources('AWS::IoT::ProvisioningTemplate'));
  });

  const actionsOf = ({ Action }: Statement): string[] => [Action].flat();
  const statement = (action: string): Statement => {
    const found = statements.find((each) => actionsOf(each).includes(action));
    if (!found) throw new Error(`no statement for ${action}`);
    return found;
  };

  it('connects as the thing its certificate is attached to, and as nobody else', () => {
    const { Resource, Condition } = statement('iot:Connect');
    expect(tails(Resource)).toEqual([
      expect.stringMatching(/:client\/\$\{iot:Connection\.Thing\.ThingName\}/),
    ]);
    expect(Condition).toEqual({ Bool: { 'iot:Connection.Thing.IsAttached': ['true'] } });
  });

  const THING = `\${iot:Connection.Thing.ThingName}`;
  const JOBS = `$aws/things/${THING}/jobs`;
  const SHADOW = `$aws/things/${THING}/shadow/name/config`;
  /** What stands behind `:KIND/` in the ARNs of the statements for an action. */
  const allowed = (action: string, kind: string): string[] =>
    statements
      .filter((each) => actionsOf(each).includes(action))
      .flatMap(({ Resource }) => tails(Resource))
      .flatMap((arn) => arn.split(`:${kind}/`)[1]?.replace('"]]}', '') ?? []);

  it('writes the topics of the contract with its own name, and no others', () => {
    const own = Object.values(topicsOf('weather', THING));
    expect(allowed('iot:Publish', 'topic').sort()).toEqual(
      [...own, `${JOBS}/start-next`, `${JOBS}/*/update`, `${SHADOW}/update`].sort(),
    );
    expect(allowed('iot:RetainPublish', 'topic')).toEqual([
      ...[expect.stringMatching(/\/status$/), expect.stringMatching(/\/health$/)],
    ]);
  });

  it('subscribes to the filters that the daemon uses for its own jobs and configuration, and to nothing else', () => {
    expect(allowed('iot:Subscribe', 'topicfilter')).toEqual([
      ...jobTopicsOf(THING).filters,
      ...shadowTopicsOf(THING).filters,
    ]);
    expect(shadowTopicsOf('1').filters).toEqual(['$aws/things/1/shadow/name/config/update/delta']);
    expect(jobTopicsOf('1').filters).toEqual([
      '$aws/things/1/jobs/notify-next',
      '$aws/things/1/jobs/start-next/+',
      '$aws/things/1/jobs/+/update/+',
    ]);
    expect(allowed('iot:Receive', 'topic')).toEqual([`$aws/things/${THING}/*`]);
    expect(statements.map(({ Action }) => Action)).toEqual([
      'iot:Connect',
      ['iot:Publish', 'iot:RetainPublish'],
      ['iot:Publish', 'iot:Subscribe'],
      'iot:Receive',
    ]);
    // Nothing that is both published to and received, and no topic that a filter allows.
    expect(allowed('iot:Connect', 'client')).toEqual([THING]);
    expect(allowed('iot:Publish', 'topicfilter')).toEqual(allowed('iot:Subscribe', 'topicfilter'));
  });

  it('is said in 2,048 characters, as AWS asks of a policy', () => {
    const document = deployed({ Version: '2012-10-17', Statement: statements });

    expect(JSON.stringify(document)).not.toMatch(/Ref|Join/);
    expect(JSON.stringify(document).length).toBeLessThanOrEqual(2_048);
  });

  it('gets, with the claim alone, no more than a certificate of its own', () => {
    const published = claim
      .filter(({ Action }) => Action === 'iot:Publish')
      .flatMap(({ Resource }) => tails(Resource));
    expect(published.length).toBe(2);
    expect(published[0]).toContain('$aws/certificates/create-from-csr/json');
    expect(published[1]).toContain('$aws/provisioning-templates/WeatherGateway-stations/provision/json');
    expect(JSON.stringify(claim)).not.toContain('/*');
    const answers = (action: string): string[] =>
      claim
        .filter(({ Action }) => Action === action)
        .flatMap(({ Resource }) => tails(Resource))
        .map((arn) => arn.split('$aws/')[1] ?? '');
    expect(answers('iot:Subscribe')).toEqual(answers('iot:Receive'));
    expect(answers('iot:Subscribe').length).toBe(4);
  });

  it('is made by fleet provisioning only through the hook', () => {
    expect(templateBody).toContain('"PayloadVersion":"2020-04-01"');
    expect(templateBody).toContain('StationId');
    expect(templateBody).toContain('WeatherGateway-stations');
    // What a station is told, and how it renews its certificate.
    for (const part of ['DeviceConfiguration', 'topicPrefix', 'ClaimPolicy', 'OverrideSettings'])
      expect(templateBody).toContain(part);
  });
});
