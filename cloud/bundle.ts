import { cpSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';

export type FunctionName =
  | 'alert-mails'
  | 'analytics-starter'
  | 'daily-check'
  | 'provisioning-hook'
  | 'usage-limit'
  | 'warehouse-schema';

const here = new URL('.', import.meta.url).pathname;

/**
 * The code of one function as AWS runs it: one ES module with everything in it, the SDK too, for what Lambda brings
 * along changes without notice. Returns the folder.
 */
export const bundleFunction = (name: FunctionName, withFolder?: string): string => {
  const folder = mkdtempSync(join(tmpdir(), `weather-${name}-`));
  buildSync({
    entryPoints: [join(here, 'lambda', `${name}.ts`)],
    outfile: join(folder, 'index.mjs'),
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    mainFields: ['module', 'main'],
    // CommonJS packages inside an ES module still call require.
    banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
    logLevel: 'error',
  });
  if (withFolder !== undefined) cpSync(join(here, withFolder), join(folder, withFolder), { recursive: true });
  return folder;
};
