import { z } from 'zod';
import { text } from './fields.ts';

/** Rules that are decided on the station, with or without a network. */
export const preAlertsSchema = z
  .array(z.strictObject({ id: text(64).describe('Name of the rule, once in the list.') }))
  .describe('Pre-alert rules, decided on the station with or without a network.');
