import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** `compact` reads and rewrites everything; `repair` does so after it has mended what is damaged. */
export type LevelTask = 'repair' | 'compact';

const SCRIPT = `
  const [levelUrl, task, location] = process.argv.slice(1);
  const { Level } = await import(levelUrl);
  if (task === 'repair') await Level.repair(location);
  const database = new Level(location);
  await database.open();
  await database.compactRange('', '\\uffff');
  await database.close();
`;

/**
 * Runs a task in a process of its own, since LevelDB's assertions abort the whole process where a damaged table has
 * its keys out of order (table/table_builder.cc, Add). Resolves with why it failed, or `null`.
 */
export const runLevelTask = async (task: LevelTask, location: string): Promise<string | null> => {
  const levelUrl = pathToFileURL(createRequire(import.meta.url).resolve('level')).href;
  try {
    await run(process.execPath, ['--input-type=module', '--eval', SCRIPT, levelUrl, task, location]);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};
