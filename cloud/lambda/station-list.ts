import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { formatStations } from '../contract/stations.ts';
import { customResource, textProperty } from './custom-resource.ts';

const s3 = new S3Client();

/** The list exists already, or somebody writes it in this moment. */
const EXISTS = new Set(['PreconditionFailed', 'ConditionalRequestConflict']);

/** Makes the station list with its header alone, so that the Flink job can start before the first station. */
export const handler = customResource(async (request) => {
  if (request.type === 'Delete') return;
  try {
    await s3.send(
      new PutObjectCommand({
        Bucket: textProperty(request, 'bucket'),
        Key: textProperty(request, 'key'),
        Body: formatStations([]),
        ContentType: 'text/csv',
        // Never over a list that is there, whatever CloudFormation asks for.
        IfNoneMatch: '*',
      }),
    );
  } catch (error) {
    if (!(error instanceof Error && EXISTS.has(error.name))) throw error;
  }
});
