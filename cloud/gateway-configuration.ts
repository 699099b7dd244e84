import { stringify } from 'yaml';

export type GatewayFacts = {
  readonly id: string;
  readonly name: string;
  readonly endpoint: string;
  readonly topicPrefix: string;
};

/** The parts of `gateway.yaml` that only the cloud side knows. */
export const gatewayConfiguration = ({ id, name, endpoint, topicPrefix }: GatewayFacts): string =>
  stringify({
    station: { id, name },
    aws: {
      endpoint,
      port: 8883,
      certificate: '/etc/weather-gateway/device.pem',
      privateKey: '/etc/weather-gateway/device.key',
      topicPrefix,
    },
  });
