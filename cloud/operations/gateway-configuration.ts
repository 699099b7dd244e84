import { stringify } from 'yaml';

type GatewayFacts = {
  readonly id: string;
  readonly name: string;
  readonly endpoint: string;
  readonly topicPrefix: string;
  readonly template: string;
};

/** The parts of `gateway.yaml` that only the cloud side knows. */
export const gatewayConfiguration = ({ id, name, endpoint, topicPrefix, template }: GatewayFacts): string =>
  stringify({
    station: { id, name },
    aws: {
      endpoint,
      port: 8883,
      certificate: '/etc/weather-gateway/device.pem',
      // The service's user cannot read the file itself; systemd hands the key in.
      privateKey: 'credential:device.key',
      topicPrefix,
      provisioningTemplate: template,
    },
  });
