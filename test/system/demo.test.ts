import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Runs the demo until each of the patterns has matched a line, and tells it to end; resolves with all lines. */
const runDemoUntil = async (
  patterns: readonly RegExp[],
  folder: string,
  options: readonly string[],
): Promise<string[]> => {
  const demo = spawn(process.execPath, ['dist/demo/main.js', ...options], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(demo, 'exit');
  const lines: string[] = [];
  const missing = new Set(patterns);
  for await (const line of createInterface(demo.stdout)) {
    lines.push(line);
    for (const pattern of missing) if (pattern.test(line)) missing.delete(pattern);
    if (missing.size === 0 && !demo.killed) demo.kill('SIGINT');
  }
  const [status] = await exited;
  expect(status, lines.slice(-10).join('\n')).toBe(0);
  return lines;
};

it('the demo shows readings arriving, waiting, and arriving late', async () => {
  const patterns = [
    /dashboard: http:\/\/127\.0\.0\.1:\d+\/$/,
    /^status {3}online/,
    /^reading {2}#1 /,
    /^status {3}offline$/,
    /^outbox {3}\d+ readings wait$/,
    /^backlog {2}#\d+ to #\d+: \d+ readings/,
  ];

  await runDemoUntil(patterns, ROOT, ['--interval', '1', '--cut-after', '12', '--cut-for', '8']);
});

/** With the packages, since each of them has to find its own files; linked where the file system can. */
const copyProject = (folder: string): void => {
  for (const name of ['package.json', 'tsconfig.json', '.npmrc', 'src', 'config'])
    cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  // Without the cache: other suites make machines in it meanwhile, with mounted /proc and all.
  const names = readdirSync(join(ROOT, 'node_modules')).filter((name) => name !== '.cache');
  const packages = names.map((name) => join(ROOT, 'node_modules', name));
  const target = join(folder, 'node_modules');
  mkdirSync(target);
  if (spawnSync('cp', ['-al', '-t', target, ...packages]).status === 0) return;
  rmSync(target, { recursive: true });
  mkdirSync(target);
  expect(spawnSync('cp', ['-a', '-t', target, ...packages]).status).toBe(0);
};

it('the demo is built and runs in a folder with a space and an umlaut', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'demo-elsewhere-'));
  const folder = join(parent, 'Wetter für München');
  mkdirSync(folder);
  try {
    copyProject(folder);
    const build = spawnSync('npm', ['run', '--silent', 'build'], { cwd: folder, encoding: 'utf8' });
    expect(build).toMatchObject({ status: 0, stderr: '' });

    const lines = await runDemoUntil([/^reading {2}#3 /], folder, ['--interval', '1']);

    expect(lines.filter((line) => line.startsWith('gateway'))).toEqual([]);
  } finally {
    rmSync(parent, { recursive: true });
  }
});
