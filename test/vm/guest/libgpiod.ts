import { delimiter } from 'node:path';

const systemPath = process.env['PATH'];

export type Libgpiod = {
  readonly name: string;
  /** Comes first in PATH; empty for the installed one. */
  readonly folder: string;
};

export const installedLibgpiod: Libgpiod = { name: 'the installed libgpiod', folder: '' };

/** The installed one, and the later one that machine.ts knows of. */
export const libgpiods: readonly Libgpiod[] = [
  installedLibgpiod,
  ...(process.env['VM_LIBGPIOD2'] ? [{ name: 'libgpiod 2', folder: process.env['VM_LIBGPIOD2'] }] : []),
];

/** Whose tools are found from now on. */
export const use = ({ folder }: Libgpiod): void => {
  process.env['PATH'] = [folder, systemPath].filter(Boolean).join(delimiter);
};
