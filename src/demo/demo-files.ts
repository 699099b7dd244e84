import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Identity } from '../certificate/certificate-authority.ts';
import { loadConfig } from '../config/load.ts';
import { formatProblem } from '../config/problem.ts';
import type { GatewayConfig } from '../config/schema.ts';

export type DemoFilesParts = {
  readonly brokerPort: number;
  readonly httpPort: number;
  readonly intervalSeconds: number;
  readonly rootCa: string;
  readonly device: Identity;
};

export type DemoFiles = { readonly configFile: string; remove(): Promise<void> };

type Rules = GatewayConfig['preAlerts'];

/** Those a station has to begin with. */
const shippedRules = async (): Promise<Rules> => {
  const { config, problems } = await loadConfig(
    fileURLToPath(new URL('../../config/gateway.yaml', import.meta.url)),
  );
  if (config === undefined) throw new Error(problems.map(formatProblem).join('\n'));
  return config.preAlerts;
};

/** JSON is YAML: nothing needs quoting rules of its own. */
const configuration = (folder: string, preAlerts: Rules, parts: DemoFilesParts): string =>
  JSON.stringify(
    {
      station: { id: '1', name: 'Laptop' },
      aws: {
        endpoint: 'localhost',
        port: parts.brokerPort,
        certificate: join(folder, 'device.pem'),
        privateKey: join(folder, 'device.key'),
        rootCa: join(folder, 'ca.pem'),
      },
      reporting: { intervalSeconds: parts.intervalSeconds },
      outbox: { directory: join(folder, 'outbox') },
      sensors: {
        bme280: { address: 0x76 },
        windVane: { address: 0x48, channel: 0 },
        anemometer: { gpio: 5 },
        rainGauge: { gpio: 6 },
      },
      preAlerts,
      http: { port: parts.httpPort },
      log: { level: 'warn' },
    },
    null,
    2,
  );

/** A configuration with its certificates in a folder that is thrown away afterwards. */
export const writeDemoFiles = async (parts: DemoFilesParts): Promise<DemoFiles> => {
  const folder = await mkdtemp(join(tmpdir(), 'weather-gateway-demo-'));
  const configFile = join(folder, 'gateway.yaml');
  await writeFile(join(folder, 'ca.pem'), parts.rootCa);
  await writeFile(join(folder, 'device.pem'), parts.device.certificate);
  await writeFile(join(folder, 'device.key'), parts.device.privateKey, { mode: 0o600 });
  await writeFile(configFile, configuration(folder, await shippedRules(), parts));
  return { configFile, remove: () => rm(folder, { recursive: true, force: true }) };
};
