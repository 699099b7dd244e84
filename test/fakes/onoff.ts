import type { OnoffPackage } from '../../src/gpio/onoff/onoff-watch.ts';

type Watcher = (error: Error | null | undefined, level: 0 | 1) => void;
type Line = { level: 0 | 1; watcher: Watcher | null; isExported: boolean };

export type FakeOnoff = OnoffPackage & {
  /** Sets the level and tells the watcher, as an interrupt that is served at once. */
  change(number: number, level: 0 | 1): void;
  fail(number: number, error: Error): void;
  isExported(number: number): boolean;
  /** What `edge()` says of a line whose set-up failed without a word. */
  armedEdge: 'both' | 'none';
};

/** onoff without sysfs. Numbers are the kernel's, not BCM. */
export const createFakeOnoff = (): FakeOnoff => {
  const lines = new Map<number, Line>();
  const lineOf = (number: number): Line => {
    const line = lines.get(number) ?? { level: 1, watcher: null, isExported: false };
    lines.set(number, line);
    return line;
  };

  const onoff: FakeOnoff = {
    armedEdge: 'both',
    change: (number, level) => {
      const line = lineOf(number);
      line.level = level;
      line.watcher?.(null, level);
    },
    fail: (number, error) => lineOf(number).watcher?.(error, 1),
    isExported: (number) => lineOf(number).isExported,
    Gpio: class {
      readonly #line: Line;

      constructor(number: number) {
        this.#line = lineOf(number);
        this.#line.isExported = true;
      }
      direction(): 'in' {
        return 'in';
      }
      edge(): 'both' | 'none' {
        return onoff.armedEdge;
      }
      readSync(): 0 | 1 {
        return this.#line.level;
      }
      watch(watcher: Watcher): void {
        this.#line.watcher = watcher;
      }
      unexport(): void {
        this.#line.watcher = null;
        this.#line.isExported = false;
      }
    },
  };
  return onoff;
};
