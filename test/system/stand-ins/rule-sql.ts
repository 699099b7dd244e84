import { isDeepStrictEqual } from 'node:util';

/**
 * Stand-in for the SQL of IoT Core's rule engine, version 2016-03-23. It covers what the project's rules use and
 * throws on anything else: SELECT *, SELECT VALUE path, `expression AS name`; FROM a topic filter or an array of the
 * payload; WHERE with =, <>, IN and AND; topic(n), timestamp(), get(array, n), isUndefined(x); literals; nested
 * SELECT. As the documentation has it: a comparison with Undefined is not true, arrays and objects are equal when
 * their contents are, different types are not equal, IN looks for the value among an array's items. Not covered:
 * casts, arithmetic, OR.
 */
/**
 * What the documentation leaves open about a nested SELECT VALUE: an item that lacks the value, and one over an object
 * instead of an array. A rule must be right whichever way AWS does it.
 */
export type Reading = {
  readonly lacking: 'omitted' | 'null';
  readonly object: 'undefined' | 'one row';
};
export const READINGS: readonly Reading[] = (['omitted', 'null'] as const).flatMap((lacking) =>
  (['undefined', 'one row'] as const).map((object) => ({ lacking, object })),
);

export type Message = {
  readonly topic: string;
  readonly payload: unknown;
  readonly nowMs: number;
  readonly reading?: Reading;
};

type Expression =
  | { readonly type: 'literal'; readonly value: string | number }
  | { readonly type: 'path'; readonly steps: readonly string[] }
  | { readonly type: 'call'; readonly name: string; readonly operands: readonly Expression[] }
  | { readonly type: 'query'; readonly query: Query };
type Selection =
  | { readonly type: 'all' }
  | { readonly type: 'value'; readonly of: Expression }
  | { readonly type: 'named'; readonly of: Expression; readonly name: string };
type Comparison = {
  readonly left: Expression;
  readonly operator: '=' | '<>' | 'IN' | null;
  readonly right: Expression;
};
/** All of them. */
type Condition = readonly Comparison[];
type Query = {
  readonly selections: readonly Selection[];
  readonly from: Expression;
  readonly where: Condition | null;
};

const TOKEN = /\s*('[^']*'|\d+|<>|[=(),.*]|[A-Za-z_][A-Za-z0-9_]*)/y;

const tokensOf = (sql: string): string[] => {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < sql.trimEnd().length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(sql);
    if (!match) throw new Error(`rule SQL not understood at: ${sql.slice(at)}`);
    tokens.push(match[1] ?? '');
  }
  return tokens;
};

class Parser {
  readonly #tokens: string[];

  constructor(sql: string) {
    this.#tokens = tokensOf(sql);
  }

  #next(): string {
    const token = this.#tokens.shift();
    if (token === undefined) throw new Error('rule SQL ends too early');
    return token;
  }

  #skip(expected: string): boolean {
    if (this.#tokens[0]?.toUpperCase() !== expected) return false;
    this.#tokens.shift();
    return true;
  }

  #expect(expected: string): void {
    if (!this.#skip(expected))
      throw new Error(`rule SQL: expected ${expected}, found ${this.#tokens[0] ?? 'its end'}`);
  }

  statement(): Query {
    const query = this.#query();
    if (this.#tokens.length > 0) throw new Error(`rule SQL not understood from ${this.#tokens[0]} on`);
    return query;
  }

  #query(): Query {
    this.#expect('SELECT');
    const selections = [this.#selection()];
    while (this.#skip(',')) selections.push(this.#selection());
    this.#expect('FROM');
    const from = this.#expression();
    return { selections, from, where: this.#skip('WHERE') ? this.#condition() : null };
  }

  #selection(): Selection {
    if (this.#skip('*')) return { type: 'all' };
    if (this.#skip('VALUE')) return { type: 'value', of: this.#expression() };
    const of = this.#expression();
    if (this.#skip('AS')) return { type: 'named', of, name: this.#next() };
    if (of.type !== 'path') throw new Error('rule SQL: an expression needs AS');
    return { type: 'named', of, name: of.steps.at(-1) ?? '' };
  }

  #condition(): Condition {
    const comparisons = [this.#comparison()];
    while (this.#skip('AND')) comparisons.push(this.#comparison());
    return comparisons;
  }

  #comparison(): Comparison {
    const left = this.#expression();
    if (this.#skip('=')) return { left, operator: '=', right: this.#expression() };
    if (this.#skip('<>')) return { left, operator: '<>', right: this.#expression() };
    if (this.#skip('IN')) return { left, operator: 'IN', right: this.#expression() };
    return { left, operator: null, right: left };
  }

  #expression(): Expression {
    if (this.#skip('(')) {
      const query = this.#query();
      this.#expect(')');
      return { type: 'query', query };
    }
    const token = this.#next();
    if (token.startsWith("'")) return { type: 'literal', value: token.slice(1, -1) };
    if (/^\d/.test(token)) return { type: 'literal', value: Number(token) };
    if (this.#skip('(')) return { type: 'call', name: token, operands: this.#operands() };
    const steps = [token];
    while (this.#skip('.')) steps.push(this.#next());
    return { type: 'path', steps };
  }

  #operands(): Expression[] {
    if (this.#skip(')')) return [];
    const operands = [this.#expression()];
    while (this.#skip(',')) operands.push(this.#expression());
    this.#expect(')');
    return operands;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const call = (name: string, operands: readonly unknown[], message: Message): unknown => {
  const [first, second] = operands;
  switch (name) {
    case 'topic':
      return message.topic.split('/')[Number(first) - 1];
    case 'timestamp':
      return message.nowMs;
    case 'get':
      return Array.isArray(first) ? first[Number(second)] : undefined;
    case 'isUndefined':
      return first === undefined;
    default:
      throw new Error(`rule SQL: function ${name} is not covered by the stand-in`);
  }
};

const evaluate = (expression: Expression, scope: unknown, message: Message): unknown => {
  switch (expression.type) {
    case 'literal':
      return expression.value;
    case 'path':
      return expression.steps.reduce<unknown>((at, step) => (isRecord(at) ? at[step] : undefined), scope);
    case 'call': {
      const operands = expression.operands.map((operand) => evaluate(operand, scope, message));
      return call(expression.name, operands, message);
    }
    case 'query': {
      const { lacking, object }: Reading = message.reading ?? { lacking: 'omitted', object: 'undefined' };
      const from = evaluate(expression.query.from, scope, message);
      const rows = isRecord(from) && object === 'one row' ? [from] : from;
      if (!Array.isArray(rows)) return undefined;
      const selected = rows
        .filter((row) => holds(expression.query.where, row, message))
        .map((row) => select(expression.query.selections, row, message));
      return lacking === 'omitted'
        ? selected.filter((value) => value !== undefined)
        : selected.map((value) => value ?? null);
    }
  }
};

const compares = ({ left, operator, right }: Comparison, scope: unknown, message: Message): boolean => {
  const one = evaluate(left, scope, message);
  if (operator === null) return one === true;
  const other = evaluate(right, scope, message);
  if (one === undefined || other === undefined) return false;
  if (operator === 'IN') return Array.isArray(other) && other.some((item) => isDeepStrictEqual(one, item));
  return isDeepStrictEqual(one, other) === (operator === '=');
};

const holds = (condition: Condition | null, scope: unknown, message: Message): boolean =>
  (condition ?? []).every((comparison) => compares(comparison, scope, message));

const select = (selections: readonly Selection[], scope: unknown, message: Message): unknown => {
  const [only] = selections;
  if (only?.type === 'value') return evaluate(only.of, scope, message);
  const selected: Record<string, unknown> = {};
  for (const selection of selections) {
    if (selection.type === 'all') Object.assign(selected, scope);
    else if (selection.type === 'named') selected[selection.name] = evaluate(selection.of, scope, message);
  }
  return selected;
};

const matches = (filter: string, topic: string): boolean => {
  const levels = topic.split('/');
  const wanted = filter.split('/');
  return wanted.length === levels.length && wanted.every((level, i) => level === '+' || level === levels[i]);
};

/** A rule's SQL, ready to be asked: what it selects from a message, `undefined` when it does not concern it. */
export const parseRule = (sql: string): ((message: Message) => unknown) => {
  const { selections, from, where } = new Parser(sql).statement();
  if (from.type !== 'literal') throw new Error('rule SQL: FROM needs a topic filter');
  return (message) =>
    matches(String(from.value), message.topic) && holds(where, message.payload, message)
      ? select(selections, message.payload, message)
      : undefined;
};
