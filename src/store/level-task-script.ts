/** Text and not a module, so that a child runs the same from the sources and from the package. */
export const LEVEL_TASK_SCRIPT = `
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
    // LevelDB tells of damage at the end, and the entries read at once with that are only had one by one.
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
