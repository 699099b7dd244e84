/**
 * Stand-in for the SQL of IoT Core's rule engine, version 2016-03-23. It covers what the project's rules use and
 * throws on anything else: SELECT *, SELECT VALUE path, `expression AS name`; FROM a topic filter or an array of the
 * payload; WHERE with = and <>; topic(n), timestamp(), get(array, n), isUndefined(x); literals; nested SELECT.
 * Comparing with Undefined is false, as the documentation has it. Not covered: casts, arithmetic, AND, OR.
 */
export type Message = { readonly topic: string; readonly payload: unknown; readonly nowMs: number };

type Expression =
  | { readonly type: 'literal'; readonly value: string | number }
  | { readonly type: 'path'; readonly steps: readonly string[] }
  | { readonly type: 'call'; readonly name: string; readonly operands: readonly Expression[] }
  | { readonly type: 'query'; readonly query: Query };
type Selection =
  | { readonly type: 'all' }
  | { readonly type: 'value'; readonly of: Expression }
  | { readonly type: 'named'; readonly of: Expression; readonly name: string };
type Condition = {
  readonly left: Expression;
  readonly operator: '=' | '<>' | null;
  readonly right: Expression;
};
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
    const left = this.#expression();
    if (this.#skip('=')) return { left, operator: '=', right: this.#expression() };
    if (this.#skip('<>')) return { left, operator: '<>', right: this.#expression() };
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
      const rows = evaluate(expression.query.from, scope, message);
      if (!Array.isArray(rows)) return undefined;
      return rows
        .filter((row) => holds(expression.query.where, row, message))
        .map((row) => select(expression.query.selections, row, message));
    }
  }
};

const holds = (condition: Condition | null, scope: unknown, message: Message): boolean => {
  if (condition === null) return true;
  const left = evaluate(condition.left, scope, message);
  if (condition.operator === null) return left === true;
  const right = evaluate(condition.right, scope, message);
  if (left === undefined || right === undefined) return false;
  return condition.operator === '=' ? left === right : left !== right;
};

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
