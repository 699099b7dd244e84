import { z } from 'zod';
import { gatewaySchema } from './schema.ts';

/** The configuration as a JSON schema, with which editors complete and check it (config/gateway.schema.json). */
export const gatewayJsonSchema = () => ({
  title: 'weather-gateway configuration',
  ...z.toJSONSchema(gatewaySchema, { io: 'input', target: 'draft-07' }),
});
