import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { formatProblem } from '../../src/config/text-file.ts';
import { loadMapping } from '../../src/replay/mapping.ts';

const name = (text: string): string => `station: { id: "1", name: ${text} }\n`;
const aws = 'aws: { endpoint: e, certificate: /c, privateKey: /k }\n';

describe('a file that is no text of configuration', () => {
  let folder: string;
  let file: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'text-file-'));
    file = join(folder, 'gateway.yaml');
  });
  afterAll(() => rm(folder, { recursive: true }));

  const problemsOf = async (content: string | Buffer): Promise<string[]> => {
    await writeFile(file, content);
    const { problems } = await loadConfig(file);
    return (problems ?? []).map((problem) => formatProblem(problem).slice(file.length));
  };

  it.each([
    [
      'Latin-1',
      Buffer.from(name('"Z\u00fcrich"'), 'latin1'),
      ':1:29: found bytes that are not UTF-8 (Latin-1?); allowed: text in UTF-8',
    ],
    [
      'UTF-16',
      Buffer.from(`\ufeff${name('A')}`, 'utf16le'),
      ': found text in UTF-16; allowed: text in UTF-8',
    ],
    ['another YAML', `%YAML 1.1\n---\n${name('A')}${aws}`, ':1:1: found %YAML 1.1; allowed: YAML 1.2'],
    [
      'a control character',
      `${aws}${name('A\u0007')}`,
      ':2:28: found the control character U+0007; allowed: printable text',
    ],
    [
      'a C1 control character',
      name('A\u009b2J'),
      ':1:28: found the control character U+009B; allowed: printable text',
    ],
    [
      'an escaped control character',
      `${name('"A\\u001b"')}${aws}`,
      ':1:27: found text with the character U+001B; allowed: printable text',
    ],
    [
      'a lone surrogate',
      `${name('"\\ud800"')}${aws}`,
      ':1:27: found text with the character U+D800; allowed: printable text',
    ],
    [
      'bytes in text',
      `${aws}station: !!binary aGk=\n`,
      ':2:10: found a tag (Unresolved tag: tag:yaml.org,2002:binary); allowed: plain YAML 1.2 values',
    ],
    [
      'braces of a template',
      `${aws}station: {{ name }}\n`,
      ':2:11: found a mapping as a key; allowed: a name',
    ],
    ['an empty key', `${aws}null: 1\n`, ':2:1: found an empty key; allowed: a name'],
    ['deep nesting', '['.repeat(50_000), ':1:1: found values nested too deeply; allowed: YAML 1.2'],
  ])('is answered with one line: %s', async (_what, content, problem) => {
    expect(await problemsOf(content)).toEqual([problem]);
  });

  it('takes umlauts in UTF-8, with or without a byte order mark', async () => {
    expect(await problemsOf(`${name('Z\u00fcrich \u{1f327}')}${aws}`)).toEqual([]);
    expect(await problemsOf(`\ufeff${name('Z\u00fcrich')}${aws}`)).toEqual([]);
  });

  it('is answered within a second, however many unknown keys there are', async () => {
    const keys = (count: number): string =>
      Array.from({ length: count }, (_, index) => `k${index}: 1`).join('\n');
    const startMs = performance.now();

    expect(await problemsOf(keys(100_000))).toEqual([
      expect.stringMatching(/found a file of more than 100000 bytes/),
    ]);
    expect(performance.now() - startMs).toBeLessThan(1_000);
    expect((await problemsOf(keys(5_000))).length).toBeLessThan(100);
  });

  it('is answered with one line, whatever the path leads to', async () => {
    const fifo = join(folder, 'fifo');
    await promisify(execFile)('mkfifo', [fifo]);
    const sparse = join(folder, 'sparse');
    await writeFile(sparse, '');
    await truncate(sparse, 3 * 1024 ** 3);
    const foundAt = async (path: string) => (await loadConfig(path)).problems?.map(({ found }) => found);

    expect(await foundAt(fifo)).toEqual(['a named pipe']);
    expect(await foundAt(folder)).toEqual(['a directory']);
    expect(await foundAt('/dev/zero')).toEqual(['a device or a socket']);
    expect(await foundAt(sparse)).toEqual(['a file of more than 100000 bytes']);
    await expect(loadMapping(fifo)).rejects.toThrow('found a named pipe');
    await writeFile(file, `${name('A')}aws: { endpoint: e, certificate: /dev/zero, privateKey: ${fifo} }\n`);
    const { problems } = await loadConfig(file, { areCredentialsExpected: true });
    expect(problems?.map(({ key, found }) => `${key}: ${found}`)).toEqual([
      'aws.certificate: a device or a socket at /dev/zero',
      `aws.privateKey: a named pipe at ${fifo}`,
    ]);
  });

  it('is answered with one line where links lead in a circle', async () => {
    const loop = join(folder, 'loop.yaml');
    await symlink(loop, loop);
    const { problems } = await loadConfig(loop);

    expect(problems).toMatchObject([{ found: 'a loop of symbolic links' }]);
  });
});
