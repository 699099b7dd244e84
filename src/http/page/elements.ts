/** An element that index.html holds; its absence is a bug. */
export const element = (id: string): HTMLElement => {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`index.html has no #${id}`);
  return found;
};

/** Touches the page only when the text is another: a screen reader announces each change. */
export const setText = (target: HTMLElement, text: string): void => {
  if (target.textContent !== text) target.textContent = text;
};

export type State = 'waiting' | 'good' | 'warning' | 'alert';

export const setState = (target: HTMLElement, state: State, text: string): void => {
  target.dataset['state'] = state;
  setText(target, text);
};

type Attributes = Readonly<Record<string, string>>;

export const create = (
  tag: string,
  attributes: Attributes,
  content: string | readonly Node[] = [],
): HTMLElement => {
  const created = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) created.setAttribute(name, value);
  if (typeof content === 'string') created.textContent = content;
  else created.append(...content);
  return created;
};

export const createSvg = (tag: string, attributes: Attributes, text = ''): SVGElement => {
  const created = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) created.setAttribute(name, value);
  created.textContent = text;
  return created;
};

/** Puts new content in only where it differs from what is shown. */
export const replaceContent = (target: HTMLElement, content: readonly Node[]): void => {
  const next = create('div', {}, content);
  if (next.innerHTML !== target.innerHTML) target.replaceChildren(...next.childNodes);
};

export type Fact = { readonly name: string; readonly value: string; readonly state?: State };

/** Name and value pairs of a description list. */
export const showFacts = (list: HTMLElement, facts: readonly Fact[]): void =>
  replaceContent(
    list,
    facts.map(({ name, value, state }) =>
      create('div', {}, [
        create('dt', {}, name),
        create('dd', state === undefined ? {} : { 'data-state': state }, value),
      ]),
    ),
  );
