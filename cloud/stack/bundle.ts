import { cpSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

export type FunctionName =
  | 'alert-mails'
  | 'analytics-starter'
  | 'daily-check'
  | 'lake-compaction'
  | 'lake-views'
  | 'provisioning-hook'
  | 'row-check'
  | 'station-list'
  | 'usage-limit'
  | 'warehouse-compaction'
  | 'warehouse-schema';

const CLOUD = fileURLToPath(new URL('..', import.meta.url));

/** Built once in a process: several tables have a function of the same code. */
const built = new Map<FunctionName, Uint8Array>();

const build = (name: FunctionName): Uint8Array => {
  const known = built.get(name);
  if (known) return known;
  const { outputFiles } = buildSync({
    entryPoints: [join(CLOUD, 'lambda', `${name}.ts`)],
    write: false,
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
  const [file] = outputFiles;
  if (!file) throw new Error(`esbuild made nothing of ${name}`);
  built.set(name, file.contents);
  return file.contents;
};

/**
 * The code of one function as AWS runs it: one ES module with everything in it, the SDK too, for what Lambda brings
 * along changes without notice. Returns the folder.
 */
export const bundleFunction = (name: FunctionName, withFolder?: string): string => {
  const folder = mkdtempSync(join(tmpdir(), `weather-${name}-`));
  writeFileSync(join(folder, 'index.mjs'), build(name));
  if (withFolder !== undefined) {
    cpSync(join(CLOUD, withFolder), join(folder, withFolder), {
      recursive: true,
      filter: (path) => !path.endsWith('.ts'),
    });
  }
  return folder;
};
