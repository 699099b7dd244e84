import type { GatewayConfig } from '../config/schema.ts';
import { type StatusMessage, topicsOf } from '../weather/message.ts';
import type { AwsConnectionParts } from './aws-connection.ts';

/** The connection that the configuration describes, with the will that the broker publishes when it breaks. */
export const stationConnection = ({ aws, station }: GatewayConfig): AwsConnectionParts => {
  const will: StatusMessage = { deviceid: station.id, state: 'offline' };
  return {
    endpoint: aws.endpoint,
    port: aws.port,
    clientId: station.id,
    credentials: {
      certificateFile: aws.certificate,
      privateKeyFile: aws.privateKey,
      ...(aws.rootCa === undefined ? {} : { rootCaFile: aws.rootCa }),
    },
    will: { topic: topicsOf(aws.topicPrefix, station.id).status, payload: JSON.stringify(will) },
  };
};
