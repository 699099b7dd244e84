import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { installPythonTools } from './python-tools.ts';

const SQL = fileURLToPath(new URL('../../cloud/sql', import.meta.url));
const SYNTAX = fileURLToPath(new URL('sql_syntax.py', import.meta.url));
const SCRIPT = fileURLToPath(new URL('../bench/warehouse_queries.py', import.meta.url));

it('the first two queries of docs/cloud.md read no block of what is compacted, and all of it is Redshift for sqlglot', () => {
  const { status, stdout, stderr } = spawnSync(
    join(installPythonTools(), 'python'),
    [SCRIPT, '1.5', '--open-minutes=10'],
    { encoding: 'utf8' },
  );

  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^1\.5 million, the first query: 0 \/ \d+ blocks of sensordata_final$/m);
  expect(stdout).toMatch(/^1\.5 million, the second query: 0 \/ \d+ blocks of sensordata_avgs_final$/m);
  // The hour that the view asks for first is in three of them.
  expect(stdout).toMatch(/, the first query with nothing open: .*, [0-3] \/ \d+ blocks$/m);
  expect(stdout).toMatch(/, the second query with nothing open: .*, [0-3] \/ \d+ blocks$/m);
  expect(stdout).toContain('the compaction of an hour');
});

describe('the SQL of the warehouse, for sqlfluff and sqlglot,', () => {
  const read = (folder: string) =>
    spawnSync(join(installPythonTools(), 'python'), [SYNTAX, folder], { encoding: 'utf8' });

  it("is Redshift's, all of it", () => {
    const { status, stdout, stderr } = read(SQL);

    const files = readdirSync(SQL).filter((name) => name.endsWith('.sql'));
    expect({ status, stdout, stderr }).toEqual({
      ...{ status: 0, stdout: `${files.length} files read\n`, stderr: '' },
    });
  });

  it('would be told apart from what is not', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sql-'));
    writeFileSync(join(folder, 'a.sql'), 'SELECT datetime FROM sensordata WHERE;\n');
    writeFileSync(join(folder, 'b.sql'), 'SELECT datetime FROM sensordata;\nUPSERT sensordata;\n');
    const { status, stdout } = read(folder);
    rmSync(folder, { recursive: true });

    expect(status).toBe(1);
    for (const problem of [/^a\.sql: sqlfluff: /m, /^a\.sql: sqlglot: /m, /^b\.sql: sqlfluff: /m])
      expect(stdout).toMatch(problem);
  });
});
