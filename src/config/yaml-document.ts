import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
  visit,
  type YAMLError,
} from 'yaml';
import { dottedKey, forbiddenCharacter, type KeyPath } from './text-file.ts';

type Position = { readonly line: number; readonly column: number };

type YamlFault = Position & {
  readonly key: string;
  readonly found: string;
  readonly allowed: string;
};

/** A YAML 1.2 text whose values know where they stand. */
export type YamlDocument = {
  /** The text as plain data; of no use when `isBroken`. */
  readonly value: unknown;
  /** Whether the text could not be understood, as opposed to holding a key twice. */
  readonly isBroken: boolean;
  readonly faults: readonly YamlFault[];
  /** Where the value at a path stands, or what it would belong to when it is missing. */
  valueAt(path: KeyPath): Position;
  keyAt(path: KeyPath): Position;
  /** The number or word at a path as it was written; `undefined` for text, lists and mappings. */
  writtenAt(path: KeyPath): string | undefined;
};

type Found = { readonly key: Node | null; readonly value: Node | null };

const nodeOrNull = (thing: unknown): Node | null =>
  isMap(thing) || isSeq(thing) || isScalar(thing) ? thing : null;

const keyText = (pair: Pair): string => String(isScalar(pair.key) ? pair.key.value : pair.key);

const child = (node: Node | null, segment: PropertyKey): Found | null => {
  if (isSeq(node)) {
    const item = nodeOrNull(node.items[Number(segment)]);
    return item === null ? null : { key: item, value: item };
  }
  const pair = isMap(node) ? node.items.find((each) => keyText(each) === String(segment)) : undefined;
  return pair === undefined ? null : { key: nodeOrNull(pair.key), value: nodeOrNull(pair.value) };
};

const pathOf = (ancestors: readonly unknown[], last: Pair): string => {
  const steps = [...ancestors, last];
  const path = steps.flatMap((step, index): PropertyKey[] => {
    const parent = steps[index - 1];
    if (isPair(step)) return [keyText(step)];
    return isSeq(parent) ? [parent.items.indexOf(step)] : [];
  });
  return dottedKey(path);
};

/** The dotted paths of all keys, by where they stand. */
const keysByOffset = (document: Document): ReadonlyMap<number, string> => {
  const keys = new Map<number, string>();
  visit(document, {
    Pair: (_, pair, ancestors) => {
      const offset = nodeOrNull(pair.key)?.range?.[0];
      if (offset !== undefined) keys.set(offset, pathOf(ancestors, pair));
    },
  });
  return keys;
};

/** Refused, since one that repeats others can stand for gigabytes. */
const aliasOffsets = (document: Document): number[] => {
  const offsets: number[] = [];
  visit(document, {
    Alias: (_, alias) => {
      offsets.push(alias.range?.[0] ?? 0);
    },
  });
  return offsets;
};

/** What an escape such as "\\u001b" or "\\ud800" brings into a text. */
const escapedFaults = (document: Document, positionAt: (offset: number) => Position): YamlFault[] => {
  const faults: YamlFault[] = [];
  visit(document, {
    Scalar: (_, { value, range }) => {
      const forbidden = typeof value === 'string' ? forbiddenCharacter(value) : null;
      if (forbidden === null) return;
      const found = `text with the character ${forbidden.name}`;
      faults.push({ ...positionAt(range?.[0] ?? 0), key: '', found, allowed: 'printable text' });
    },
  });
  return faults;
};

/** A key such as `{a: b}` or an empty one has no name that a path could say. */
const keyFaults = (document: Document, positionAt: (offset: number) => Position): YamlFault[] => {
  const faults: YamlFault[] = [];
  visit(document, {
    Pair: (_, { key, value }) => {
      if (isAlias(key) || (isScalar(key) && key.value !== null)) return;
      const offset = nodeOrNull(key)?.range?.[0] ?? nodeOrNull(value)?.range?.[0] ?? 0;
      const found = isScalar(key) ? 'an empty key' : `a ${isSeq(key) ? 'list' : 'mapping'} as a key`;
      faults.push({ ...positionAt(offset), key: '', found, allowed: 'a name' });
    },
  });
  return faults;
};

const versionFaults = ({ directives }: Document): YamlFault[] =>
  directives?.yaml.explicit === true && directives.yaml.version !== '1.2'
    ? [{ line: 1, column: 1, key: '', found: `%YAML ${directives.yaml.version}`, allowed: 'YAML 1.2' }]
    : [];

const ONCE = 'each key once';

const faultOf = (error: YAMLError, key: string): Pick<YamlFault, 'key' | 'found' | 'allowed'> => {
  if (error.code === 'DUPLICATE_KEY') return { key, found: 'the key a second time', allowed: ONCE };
  if (error.code === 'MULTIPLE_DOCS')
    return { key: '', found: 'a second document (---)', allowed: 'one document' };
  if (error.code === 'TAG_RESOLVE_FAILED')
    return { key: '', found: `a tag (${error.message})`, allowed: 'plain YAML 1.2 values' };
  return { key: '', found: `broken YAML (${error.message})`, allowed: 'YAML 1.2' };
};

const collectFaults = (document: Document, positionAt: (offset: number) => Position): YamlFault[] => {
  // The parser tells it of one level, and an unclosed list of each of the others.
  if (document.errors.some(({ message }) => message.includes('call stack')))
    return [{ line: 1, column: 1, key: '', found: 'values nested too deeply', allowed: 'YAML 1.2' }];
  const keys = keysByOffset(document);
  const faults = [...document.errors, ...document.warnings].map((error) => ({
    ...positionAt(error.pos[0]),
    ...faultOf(error, keys.get(error.pos[0]) ?? ''),
  }));
  const aliases = aliasOffsets(document).map((offset) => ({
    ...positionAt(offset),
    key: '',
    found: 'an alias (*)',
    allowed: 'each value written out',
  }));
  return [
    ...versionFaults(document),
    ...faults,
    ...aliases,
    ...keyFaults(document, positionAt),
    ...escapedFaults(document, positionAt),
  ];
};

const isWhole = (node: unknown): node is Scalar & { readonly source: string } =>
  isScalar(node) && typeof node.value === 'number' && /^[+-]?\d+$/.test(node.source ?? '');

/** Where the decimals stand that were taken for a key, and what is wrong with the number. */
type Joined = { readonly decimals: Position; readonly fault: YamlFault };

/**
 * In braces a decimal comma begins another key: `{ mmPerTip: 0,2 }` has the keys mmPerTip and 2. Joins the two, so that
 * nothing is said of the key that nobody wrote.
 */
const joinDecimalCommas = (document: Document, positionAt: (offset: number) => Position): Joined[] => {
  const joined: Joined[] = [];
  visit(document, {
    Map: (_, map, ancestors) => {
      if (map.flow !== true) return;
      for (const [index, pair] of [...map.items.entries()].reverse()) {
        const before = map.items[index - 1];
        const value = before?.value;
        const isAlone = isScalar(pair.value) ? pair.value.source === '' : pair.value === null;
        if (before === undefined || !isWhole(value) || !isWhole(pair.key) || !isAlone) continue;
        const written = `${value.source}.${pair.key.source}`;
        joined.push({
          decimals: positionAt(pair.key.range?.[0] ?? 0),
          fault: {
            ...positionAt(value.range?.[0] ?? 0),
            key: pathOf([...ancestors, map], before),
            found: `${value.source},${pair.key.source}`,
            allowed: `a decimal point: ${written}`,
          },
        });
        value.value = Number(written);
        value.source = written;
        map.items.splice(index, 1);
      }
    },
  });
  return joined;
};

const isDuplicate = ({ allowed }: YamlFault): boolean => allowed === ONCE;

export const parseYaml = (text: string): YamlDocument => {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, {
    lineCounter,
    prettyErrors: false,
    version: '1.2',
    logLevel: 'error',
    resolveKnownTags: false,
  });
  const positionAt = (offset: number): Position => {
    const { line, col } = lineCounter.linePos(offset);
    return { line, column: col };
  };
  const syntaxFaults = collectFaults(document, positionAt);
  const isBroken = !syntaxFaults.every(isDuplicate);
  const joined = joinDecimalCommas(document, positionAt);
  // Decimals that are alike are no key that comes twice.
  const isKey = ({ line, column }: YamlFault): boolean =>
    !joined.some(({ decimals }) => decimals.line === line && decimals.column === column);
  const faults = [...syntaxFaults.filter(isKey), ...joined.map(({ fault }) => fault)];

  const nodesTo = (path: KeyPath): Found[] => {
    const nodes: Found[] = [{ key: document.contents, value: document.contents }];
    for (const segment of path) {
      const next = child(nodes.at(-1)?.value ?? null, segment);
      if (next === null) break;
      nodes.push(next);
    }
    return nodes;
  };
  const positionOf = (node: Node | null | undefined): Position => positionAt(node?.range?.[0] ?? 0);

  return {
    value: isBroken ? undefined : document.toJS(),
    isBroken,
    faults,
    valueAt: (path) => {
      const nodes = nodesTo(path);
      const last = nodes.at(-1);
      const isThere = nodes.length > path.length && isScalar(last?.value) && last.value.source !== '';
      return positionOf(isThere ? last?.value : last?.key);
    },
    keyAt: (path) => positionOf(nodesTo(path).at(-1)?.key),
    writtenAt: (path) => {
      const node = nodesTo(path).at(path.length)?.value;
      return isScalar(node) && typeof node.value !== 'string' ? node.source : undefined;
    },
  };
};

/** One value of a YAML text; `undefined` takes it away. */
export type YamlEdit = {
  readonly path: readonly (string | number)[];
  readonly value: unknown;
  /** Where the key is new, it goes before the first of these that is there. */
  readonly before?: readonly string[];
};

/** A YAML text with other values. Comments and everything else stay as they are. */
export const editYaml = (text: string, edits: readonly YamlEdit[]): string => {
  const document = parseDocument(text, { version: '1.2', logLevel: 'error' });
  for (const { path, value, before = [] } of edits) {
    const parent = document.getIn(path.slice(0, -1));
    const key = path.at(-1);
    const following = isMap(parent) ? parent.items.findIndex((pair) => before.includes(keyText(pair))) : -1;
    if (value === undefined) {
      if (document.hasIn(path)) document.deleteIn(path);
    } else if (isMap(parent) && following >= 0 && !parent.has(key)) {
      parent.items.splice(
        following,
        0,
        document.createPair(key, withHexAddresses(document.createNode(value))),
      );
    } else {
      // A plain value is put into the node that is there, which keeps its comment.
      document.setIn(path, typeof value === 'object' ? withHexAddresses(document.createNode(value)) : value);
    }
  }
  return document.toString({ lineWidth: 0 });
};

/** As data sheets write them. */
const withHexAddresses = (node: Node): Node => {
  visit(node, {
    Pair: (_, pair) => {
      if (keyText(pair) === 'address' && isScalar(pair.value)) pair.value.format = 'HEX';
    },
  });
  return node;
};
