import { IoTClient, ListThingPrincipalsCommand } from '@aws-sdk/client-iot';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { parseStations } from '../contract/stations.ts';
import { requiredVariable } from './environment.ts';

type ProvisioningRequest = { readonly parameters: Readonly<Record<string, string>> };
type ProvisioningAnswer = { readonly allowProvisioning: boolean };

const iot = new IoTClient();
const s3 = new S3Client();

const isExpected = async (id: string): Promise<boolean> => {
  const file = await s3.send(
    new GetObjectCommand({
      Bucket: requiredVariable('STATIONS_BUCKET'),
      Key: requiredVariable('STATIONS_KEY'),
    }),
  );
  const stations = parseStations((await file.Body?.transformToString()) ?? '');
  return stations.some(({ deviceid }) => deviceid === id);
};

const hasCertificate = async (id: string): Promise<boolean> => {
  try {
    const { principals = [] } = await iot.send(new ListThingPrincipalsCommand({ thingName: id }));
    return principals.length > 0;
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException') return false;
    throw error;
  }
};

/** A claim is known to every image it is in: it makes only stations that the operator has listed, each once. */
export const handler = async ({ parameters }: ProvisioningRequest): Promise<ProvisioningAnswer> => {
  const id = parameters['StationId'];
  const allowProvisioning = id !== undefined && (await isExpected(id)) && !(await hasCertificate(id));
  return { allowProvisioning };
};
