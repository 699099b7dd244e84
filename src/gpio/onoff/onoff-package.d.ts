/**
 * The part of the npm package onoff 6 that is used. It has types of its own, but it is optional: on a machine without
 * a compiler it is not installed, and the project must build there all the same.
 */
declare module 'onoff' {
  export class Gpio {
    constructor(number: number, direction: 'in', edge: 'both', options: { readonly activeLow: false });
    direction(): string;
    edge(): string;
    readSync(): 0 | 1;
    watch(callback: (error: Error | null | undefined, level: 0 | 1) => void): void;
    unexport(): void;
  }
}
