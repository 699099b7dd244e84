import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import {
  AddThingToThingGroupCommand,
  AttachPolicyCommand,
  AttachThingPrincipalCommand,
  CreateCertificateFromCsrCommand,
  CreateKeysAndCertificateCommand,
  CreateThingCommand,
  DeleteCertificateCommand,
  DeleteConflictException,
  DescribeEndpointCommand,
  DescribeThingCommand,
  DetachThingPrincipalCommand,
  IoTClient,
  ListAttachedPoliciesCommand,
  ListThingPrincipalsCommand,
  ResourceAlreadyExistsException,
  ResourceNotFoundException,
  UpdateCertificateCommand,
} from '@aws-sdk/client-iot';
import {
  GetObjectCommand,
  NoSuchKey,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { formatStations, parseStations, withStations } from '../../../cloud/contract/stations.ts';
import { enrollStation, revokeAll, revokeStation } from '../../../cloud/operations/enrolment.ts';
import { gatewayConfiguration } from '../../../cloud/operations/gateway-configuration.ts';
import { makeClaim } from '../../../cloud/operations/making-claim.ts';
import { listStations } from '../../../cloud/operations/station-file.ts';
import { gatewaySchema } from '../../../src/config/schema.ts';
import { onFullDisk } from '../../fakes/full-disk.ts';
import { s3Body } from '../s3-body.ts';

const ARN = 'arn:aws:iot:eu-west-2:123456789012:cert/abc';
const stack = { ThingGroup: 'stations', GatewayPolicy: 'gateway', ClaimPolicy: 'claim' };
const station = { id: '1', requestPem: 'CSR' };
const keepNothing = (): Promise<void> => Promise.resolve();

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
    const kept: string[] = [];
    const endpoint = await enrollStation(new IoTClient(), stack, station, (pem) => {
      kept.push(pem);
      return Promise.resolve();
    });

    expect(endpoint).toBe('a1-ats.iot.eu-west-2.amazonaws.com');
    expect(kept).toEqual(['PEM']);
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

    await expect(enrollStation(new IoTClient(), stack, station, keepNothing)).rejects.toThrow(
      'no such policy; the new certificate was taken back',
    );

    expect(iot.commandCalls(UpdateCertificateCommand)[0]?.args[0].input).toEqual({
      certificateId: 'abc',
      newStatus: 'REVOKED',
    });
    expect(iot.commandCalls(DeleteCertificateCommand).length).toBe(1);
  });

  it('takes a certificate back that could not be kept, from the station too', async () => {
    const enrolling = enrollStation(new IoTClient(), stack, station, () =>
      Promise.reject(new Error('no space')),
    );

    await expect(enrolling).rejects.toThrow('no space; the new certificate was taken back');
    expect(iot.commandCalls(DetachThingPrincipalCommand)[0]?.args[0].input).toEqual({
      thingName: '1',
      principal: ARN,
    });
    expect(iot.commandCalls(DeleteCertificateCommand).length).toBe(1);
  });

  it('says what to do about a certificate that cannot be taken back', async () => {
    iot.on(AttachPolicyCommand).rejects(new Error('no network'));
    iot.on(UpdateCertificateCommand).rejects(new Error('no network either'));

    await expect(enrollStation(new IoTClient(), stack, station, keepNothing)).rejects.toThrow(
      'no network; the new certificate abc could not be taken back (no network either), so do it by: ' +
        'aws iot update-certificate --new-status REVOKED --certificate-id abc',
    );
  });

  it('signs for a station that came by the claim, which gave its thing a type', async () => {
    iot
      .on(CreateThingCommand)
      .rejects(new ResourceAlreadyExistsException({ message: 'with different attributes', $metadata: {} }));

    await enrollStation(new IoTClient(), stack, station, keepNothing);

    expect(iot.commandCalls(AttachThingPrincipalCommand).length).toBe(1);
    expect(iot.commandCalls(UpdateCertificateCommand)).toEqual([]);
  });

  it('deletes a certificate once AWS IoT has detached it, which takes seconds', async () => {
    const attached = new DeleteConflictException({ message: 'Things must be detached', $metadata: {} });
    iot.on(DeleteCertificateCommand).rejectsOnce(attached).resolves({});

    expect(await revokeStation(new IoTClient(), '1')).toBe(1);

    expect(iot.commandCalls(DeleteCertificateCommand).length).toBe(2);
  });

  it('revokes before it detaches, so that a failure leaves nobody connected', async () => {
    iot.on(DetachThingPrincipalCommand).rejects(new Error('throttled'));

    await expect(revokeStation(new IoTClient(), '1')).rejects.toThrow('throttled');

    expect(iot.commandCalls(UpdateCertificateCommand)[0]?.args[0].input).toMatchObject({
      newStatus: 'REVOKED',
    });
    expect(iot.commandCalls(DeleteCertificateCommand).length).toBe(0);
  });

  it('revokes all of a station, of every page, before it detaches one', async () => {
    const arns = ['a', 'b', 'c'].map((id) => `arn:aws:iot:eu-west-2:123456789012:cert/${id}`);
    iot
      .on(ListThingPrincipalsCommand)
      .resolves({ principals: arns.slice(0, 1), nextToken: 'more' })
      .on(ListThingPrincipalsCommand, { thingName: '1', nextToken: 'more' })
      .resolves({ principals: arns.slice(1) });
    iot.on(DetachThingPrincipalCommand).rejects(new Error('throttled'));

    await expect(revokeStation(new IoTClient(), '1')).rejects.toThrow('throttled');

    expect(iot.commandCalls(UpdateCertificateCommand).map(({ args }) => args[0].input.certificateId)).toEqual(
      ['a', 'b', 'c'],
    );
  });

  it('goes on when somebody else deletes one of the certificates meanwhile', async () => {
    const arns = ['a', 'b'].map((id) => `arn:aws:iot:eu-west-2:123456789012:cert/${id}`);
    iot.on(ListThingPrincipalsCommand).resolves({ principals: arns });
    iot
      .on(UpdateCertificateCommand, { certificateId: 'a' })
      .rejects(new ResourceNotFoundException({ message: 'gone', $metadata: {} }));

    expect(await revokeStation(new IoTClient(), '1')).toBe(1);

    expect(iot.commandCalls(DeleteCertificateCommand).map(({ args }) => args[0].input.certificateId)).toEqual(
      ['b'],
    );
  });

  describe('ended for good', () => {
    const dynamo = mockClient(DynamoDBClient);
    const revoke = () => revokeAll(new IoTClient(), new DynamoDBClient(), 'claims', '1');
    const unknown = new ResourceNotFoundException({ message: 'none', $metadata: {} });
    beforeEach(() => {
      dynamo.reset();
      dynamo.on(GetItemCommand).resolves({});
    });

    it('is refused for a name that nobody has, and keeps nobody of that name out', async () => {
      iot.on(DescribeThingCommand).rejects(unknown).on(ListThingPrincipalsCommand).rejects(unknown);

      await expect(revoke()).rejects.toThrow('there is no station "1" in this account and region');
      expect(dynamo.commandCalls(UpdateItemCommand)).toEqual([]);
    });

    it('takes the claim of a station that has not registered yet', async () => {
      iot.on(DescribeThingCommand).rejects(unknown).on(ListThingPrincipalsCommand).rejects(unknown);
      dynamo.on(GetItemCommand).resolves({ Item: { id: { S: '1' } } });

      expect(await revoke()).toBe(0);
      expect(dynamo.commandCalls(UpdateItemCommand).length).toBe(1);
    });

    it('takes the certificates of a station that came without a claim, after what would let it in', async () => {
      iot.on(DescribeThingCommand).resolves({ thingArn: 'arn:aws:iot:eu-west-2:123456789012:thing/1' });
      iot.on(UpdateCertificateCommand).callsFake(() => {
        expect(dynamo.commandCalls(UpdateItemCommand).length).toBe(1);
      });

      expect(await revoke()).toBe(1);
    });
  });

  describe('makes a claim', () => {
    let folder: string;
    const make = () =>
      makeClaim(new IoTClient(), { ClaimPolicy: 'claim', ProvisioningTemplate: 'template' }, folder);
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'claim-'));
      iot.on(CreateKeysAndCertificateCommand).resolves({
        certificateArn: ARN,
        certificateId: 'abc',
        certificatePem: 'PEM',
        keyPair: { PrivateKey: 'x'.repeat(200) },
      });
    });
    afterEach(() => rm(folder, { recursive: true }));
    const expectNothingLeft = async (): Promise<void> => {
      expect(await readdir(folder)).toEqual([]);
      expect(iot.commandCalls(UpdateCertificateCommand)[0]?.args[0].input).toEqual({
        certificateId: 'abc',
        newStatus: 'REVOKED',
      });
      expect(iot.commandCalls(DeleteCertificateCommand).length).toBe(1);
    };

    it('and leaves no part of it on a full disk, in the account neither, so that it can be made again', async () => {
      await expect(onFullDisk(make)).rejects.toThrow(
        `${join(folder, 'claim.key')} cannot be written (EFBIG); the new certificate was taken back`,
      );
      await expectNothingLeft();
    });

    it('and leaves no part of it when AWS IoT refuses it the policy', async () => {
      iot.on(AttachPolicyCommand).rejects(new Error('no such policy'));

      await expect(make()).rejects.toThrow('no such policy; the new certificate was taken back');
      await expectNothingLeft();
    });
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
      deviceid: String(n),
      weatherstationname: `Station ${n}`,
      timezone: n % 2 === 0 ? '' : 'Europe/London',
    }));
    const text = formatStations(many);
    const startMs = performance.now();

    expect(parseStations(text).stations.length).toBe(100_000);
    // It takes about a second; the mail function has twenty.
    expect(performance.now() - startMs).toBeLessThan(15_000);
  });

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

  it('keeps what two people write at once', async () => {
    const taken = new S3ServiceException({
      name: 'PreconditionFailed',
      message: 'At least one of the pre-conditions you specified did not hold',
      $fault: 'client',
      $metadata: {},
    });
    s3.on(GetObjectCommand)
      .resolvesOnce({ Body: s3Body(formatStations([])), ETag: '"1"' })
      .resolves({ Body: s3Body(formatStations([worthing])), ETag: '"2"' });
    s3.on(PutObjectCommand).rejectsOnce(taken).resolves({});

    await listStations(new S3Client(), 'bucket', [lancing]);

    expect(s3.commandCalls(PutObjectCommand)[1]?.args[0].input).toMatchObject({
      Body: formatStations([worthing, lancing]),
      IfMatch: '"2"',
    });

    s3.on(GetObjectCommand).callsFake(() => Promise.resolve({ Body: s3Body(formatStations([])) }));
    s3.on(PutObjectCommand).rejects(taken);
    await expect(listStations(new S3Client(), 'bucket', [lancing])).rejects.toThrow('pre-conditions');
  });
});
