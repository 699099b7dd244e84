import { z } from 'zod';

/** Limits of the quality checks. */
export const qualitySchema = z.strictObject({}).describe('Limits of the quality checks.');
