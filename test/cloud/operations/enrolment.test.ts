import { readFileSync } from 'node:fs';
import {
  AddThingToThingGroupCommand,
  AttachPolicyCommand,
  AttachThingPrincipalCommand,
  CreateCertificateFromCsrCommand,
  CreateThingCommand,
  DeleteCertificateCommand,
  DescribeEndpointCommand,
  DetachThingPrincipalCommand,
  IoTClient,
  ListAttachedPoliciesCommand,
  ListThingPrincipalsCommand,
  UpdateCertificateCommand,
} from '@aws-sdk/client-iot';
import { GetObjectCommand, NoSuchKey, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { formatStations, parseStations, withStations } from '../../../cloud/contract/stations.ts';
import { enrollStation, revokeStation } from '../../../cloud/operations/enrolment.ts';
import { gatewayConfiguration } from '../../../cloud/operations/gateway-configuration.ts';
import { listStations } from '../../../cloud/operations/station-file.ts';
import { gatewaySchema } from '../../../src/config/schema.ts';
import { s3Body } from '../s3-body.ts';

const ARN = 'arn:aws:iot:eu-west-2:123456789012:cert/abc';
const stack = { ThingGroup: 'stations', GatewayPolicy: 'gateway', ClaimPolicy: 'claim' };

describe('enrolment', () => {
  const iot = mockClient(IoTClient);
  beforeEach(() => {
    iot.reset();
    iot.on(DescribeEndpointCommand).resolves({ endpointAddress: 'a1-ats.iot.eu-west-2.amazonaws.com' });
    iot.on(CreateCertificateFromCsrCommand).resolves({ certificateArn: ARN, certificatePem: 'PEM' });
    iot.on(ListAttachedPoliciesCommand).resolves({ policies: [] });
    iot.on(ListThingPrincipalsCommand).resolves({ principals: [ARN] });
  });

  it('signs the request and ties certificate, thing, group and policy together', async () => {
    const enrolled = await enrollStation(new IoTClient(), stack, { id: '1', requestPem: 'CSR' });

    expect(enrolled).toEqual({ certificatePem: 'PEM', endpoint: 'a1-ats.iot.eu-west-2.amazonaws.com' });
    expect(iot.commandCalls(CreateCertificateFromCsrCommand)[0]?.args[0].input).toEqual({
      certificateSigningRequest: 'CSR',
      setAsActive: true,
    });
    expect(iot.commandCalls(CreateThingCommand)[0]?.args[0].input).toEqual({ thingName: '1' });
    expect(iot.commandCalls(AddThingToThingGroupCommand)[0]?.args[0].input).toEqual({
      thingName: '1',
      thingGroupName: 'stations',
    });
    expect(iot.commandCalls(AttachPolicyCommand).map(({ args }) => args[0].input)).toEqual([
      { policyName: 'gateway', target: ARN },
      { policyName: 'claim', target: ARN },
    ]);
    expect(iot.commandCalls(AttachThingPrincipalCommand)[0]?.args[0].input).toEqual({
      thingName: '1',
      principal: ARN,
      thingPrincipalType: 'EXCLUSIVE_THING',
    });
  });

  it('leaves no certificate behind when a step fails', async () => {
    iot.on(AttachPolicyCommand).rejects(new Error('no such policy'));

    await expect(enrollStation(new IoTClient(), stack, { id: '1', requestPem: 'CSR' })).rejects.toThrow(
      'no such policy',
    );

    expect(iot.commandCalls(UpdateCertificateCommand)[0]?.args[0].input).toEqual({
      certificateId: 'abc',
      newStatus: 'REVOKED',
    });
    expect(iot.commandCalls(DeleteCertificateCommand).length).toBe(1);
  });

  it('revokes before it detaches, so that a failure leaves nobody connected', async () => {
    iot.on(DetachThingPrincipalCommand).rejects(new Error('throttled'));

    await expect(revokeStation(new IoTClient(), '1')).rejects.toThrow('throttled');

    expect(iot.commandCalls(UpdateCertificateCommand)[0]?.args[0].input).toMatchObject({
      newStatus: 'REVOKED',
    });
    expect(iot.commandCalls(DeleteCertificateCommand).length).toBe(0);
  });

  it('prints a configuration that the gateway takes', () => {
    const facts = {
      id: '1',
      name: 'UK-Worthing',
      endpoint: 'a1-ats.iot.eu-west-2.amazonaws.com',
      topicPrefix: 'weather',
      template: 'WeatherGateway-stations',
    };

    const config = gatewaySchema.parse(parse(gatewayConfiguration(facts)));

    expect(config.station).toEqual({ id: '1', name: 'UK-Worthing' });
    expect(config.aws).toMatchObject({ endpoint: facts.endpoint, port: 8883, topicPrefix: 'weather' });
    const shipped = gatewaySchema.parse(parse(readFileSync('config/gateway.yaml', 'utf8')));
    const { certificate, privateKey } = shipped.aws;
    expect(config.aws).toMatchObject({ certificate, privateKey });
  });
});

describe('the station file', () => {
  const s3 = mockClient(S3Client);
  const worthing = { deviceid: '1', weatherstationname: 'UK-Worthing', timezone: 'Europe/London' };
  const lancing = { deviceid: '2', weatherstationname: 'UK-Lancing', timezone: '' };
  beforeEach(() => {
    s3.reset();
  });

  it('reads what it writes, commas and quotes too', () => {
    const stations = [worthing, { ...lancing, weatherstationname: 'Lancing, "Beach"' }];
    expect(parseStations(formatStations(stations))).toEqual({ stations, otherLines: [] });
    expect(formatStations([worthing])).toBe(
      'deviceid,weatherstationname,timezone\n1,UK-Worthing,Europe/London\n',
    );
  });

  it('reads a hundred thousand stations within the time of a function', () => {
    const many = Array.from({ length: 100_000 }, (_, n) => ({
      ...{
        deviceid: String(n),
        weatherstationname: `Station ${n}`,
        timezone: n % 2 === 0 ? '' : 'Europe/London',
      },
    }));
    const text = formatStations(many);
    const startMs = performance.now();

    expect(parseStations(text).stations.length).toBe(100_000);
    // It takes about a second; the mail function has twenty.
    expect(performance.now() - startMs).toBeLessThan(15_000);
  }, 60_000);

  it('reads the file of before, which had no time zones', () => {
    expect(parseStations('deviceid,weatherstationname\n2,UK-Lancing\n').stations).toEqual([lancing]);
  });

  it('keeps lines that are no stations apart, and loses neither them nor the others', async () => {
    const bad = [',UK-Hove', '3,"UK', '4,   ', `5,${'x'.repeat(129)}`, '6,UK,Nowhere/Town', 'a b,UK'];
    const text = ['deviceid,weatherstationname,timezone', '2,UK-Lancing,', ...bad, ''].join('\n');
    expect(parseStations(text)).toEqual({ stations: [lancing], otherLines: bad });
    s3.on(GetObjectCommand).resolves({ Body: s3Body(text), ETag: '"1"' });

    await listStations(new S3Client(), 'bucket', [worthing]);

    expect(s3.commandCalls(PutObjectCommand)[0]?.args[0].input.Body).toBe(
      formatStations([lancing, worthing], bad),
    );
  });

  it.each(['', ' ', 'a\nb', 'a\u2028b', 'a\u0000b', 'x'.repeat(129), ' a'])(
    'refuses the name %j before anything is written',
    async (weatherstationname) => {
      await expect(
        listStations(new S3Client(), 'bucket', [{ ...worthing, weatherstationname }]),
      ).rejects.toThrow('a name has 1 to 128 characters');
      expect(s3.calls().length).toBe(0);
    },
  );

  it('renames a station that is listed already', () => {
    expect(withStations([worthing], [{ ...worthing, weatherstationname: 'Worthing' }])).toEqual([
      { ...worthing, weatherstationname: 'Worthing' },
    ]);
  });

  it('is made with the first station, and never over one that somebody else just made', async () => {
    s3.on(GetObjectCommand).rejects(new NoSuchKey({ message: 'none', $metadata: {} }));

    await listStations(new S3Client(), 'bucket', [worthing]);

    expect(s3.commandCalls(PutObjectCommand)[0]?.args[0].input).toMatchObject({
      Key: 'stations.csv',
      Body: 'deviceid,weatherstationname,timezone\n1,UK-Worthing,Europe/London\n',
      IfNoneMatch: '*',
    });
  });

  it('grows, and only from what was read', async () => {
    const Body = s3Body('deviceid,weatherstationname\n1,UK-Worthing\n');
    s3.on(GetObjectCommand).resolves({ Body, ETag: '"1"' });

    await listStations(new S3Client(), 'bucket', [lancing]);

    expect(s3.commandCalls(PutObjectCommand)[0]?.args[0].input).toMatchObject({
      Body: 'deviceid,weatherstationname,timezone\n1,UK-Worthing,\n2,UK-Lancing,\n',
      IfMatch: '"1"',
    });
  });
});
