import { cpSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

export type FunctionName =
  | 'alert-mails'
  | 'analytics-starter'
  | 'daily-check'
  | 'provisioning-hook'
  | 'station-list'
  | 'usage-limit'
  | 'warehouse-schema';

const CLOUD = fileURLToPath(new URL('..', import.meta.url));

/**
 * The code of one function as AWS runs it: one ES module with everything in it, the SDK too, for what Lambda brings
 * along changes without notice. Returns the folder.
 */
export const bundleFunction = (name: FunctionName, withFolder?: string): string => {
  const folder = mkdtempSync(join(tmpdir(), `weather-${name}-`));
  buildSync({
    entryPoints: [join(CLOUD, 'lambda', `${name}.ts`)],
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
  if (withFolder !== undefined) {
    cpSync(join(CLOUD, withFolder), join(folder, withFolder), {
      recursive: true,
      filter: (path) => !path.endsWith('.ts'),
    });
  }
  return folder;
};
