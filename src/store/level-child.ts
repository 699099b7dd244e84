import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';

/** Text and not a module, so that a child runs the same from the sources and from the package. */
const LEVEL_TASK_SCRIPT = `
  const [levelUrl, task, location, to] = process.argv.slice(1);
  const { Level } = await import(levelUrl);
  const asBytes = { keyEncoding: 'buffer', valueEncoding: 'buffer' };

  const readAll = async (database, { after, atOnce }, take) => {
    const iterator = database.iterator(after === null ? {} : { gt: after });
    for (;;) {
      const entries = await iterator.nextv(atOnce);
      if (entries.length === 0) return;
      await take(entries);
    }
  };

  const passOverDamage = (error) => {
    if (error.code !== 'LEVEL_CORRUPTION' && error.code !== 'LEVEL_IO_ERROR') throw error;
  };

  const copyWhatCanBeRead = async (database) => {
    const copy = new Level(to, asBytes);
    await copy.open({ errorIfExists: true });
    let after = null;
    const take = async (entries) => {
      await copy.batch(entries.map(([key, value]) => ({ type: 'put', key, value })), { sync: true });
      after = entries.at(-1)[0];
    };
    // LevelDB reports damage at the end; entries read in the same call as damage are read again one by one.
    for (const atOnce of [500, 1]) await readAll(database, { after, atOnce }, take).catch(passOverDamage);
    await copy.close();
  };

  const carryOut = async () => {
    if (task === 'repair') await Level.repair(location);
    const database = new Level(location, asBytes);
    await database.open({ createIfMissing: false });
    if (task === 'salvage') await copyWhatCanBeRead(database);
    else {
      await database.compactRange('', '\\uffff', { keyEncoding: 'utf8' });
      await readAll(database, { after: null, atOnce: 500 }, () => undefined);
    }
    await database.close();
  };

  await carryOut().catch(({ message, cause }) => {
    console.error(cause?.message ?? message);
    process.exitCode = 1;
  });
`;

const run = promisify(execFile);

/** Says in one line on its error output why; so do LevelDB's assertions. */
const failedSchema = z.looseObject({ message: z.string(), stderr: z.string() });

/**
 * `compact` rewrites and reads everything, `repair` does so after it has mended what it can. Both fail when damage is
 * left: LevelDB carries keys that it cannot parse through repairs and compactions, and tells of them at the end of an
 * iteration (db/db_iter.cc, ParseKey). `salvage` copies what can be read into a new database at `to`.
 */
type LevelTask =
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
