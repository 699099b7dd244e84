import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { LEVEL_TASK_SCRIPT } from './level-task-script.ts';

const run = promisify(execFile);

/** Says in one line on its error output why; so do LevelDB's assertions. */
const failedSchema = z.looseObject({ message: z.string(), stderr: z.string() });

/**
 * `compact` rewrites and reads everything, `repair` does so after it has mended what it can. Both fail when damage is
 * left: LevelDB carries keys that it cannot parse through repairs and compactions, and tells of them at the end of an
 * iteration (db/db_iter.cc, ParseKey). `salvage` copies what can be read into a new database at `to`.
 */
export type LevelTask =
  | { readonly task: 'repair' | 'compact'; readonly location: string }
  | { readonly task: 'salvage'; readonly location: string; readonly to: string };

/**
 * Runs a task in a process of its own, since LevelDB's assertions abort the whole process where a damaged table has
 * its keys out of order (table/table_builder.cc, Add). Resolves with why it failed, or `null`.
 */
export const runLevelTask = async (levelTask: LevelTask): Promise<string | null> => {
  const { task, location } = levelTask;
  const places = task === 'salvage' ? [location, levelTask.to] : [location];
  const levelUrl = pathToFileURL(createRequire(import.meta.url).resolve('level')).href;
  try {
    await run(process.execPath, [
      '--input-type=module',
      '--eval',
      LEVEL_TASK_SCRIPT,
      levelUrl,
      task,
      ...places,
    ]);
    return null;
  } catch (error) {
    const failed = failedSchema.safeParse(error);
    return (failed.data?.stderr.trim() || failed.data?.message) ?? String(error);
  }
};
