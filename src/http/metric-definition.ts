import type { GatewayStatus } from '../status/status.ts';

export type Sample = { readonly value: number; readonly labels?: Readonly<Record<string, string>> };

export type MetricDefinition = {
  readonly kind: 'gauge' | 'counter';
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  /** Not listed at all while it has no sample. */
  readonly isOptional?: boolean;
  readonly samples: (status: GatewayStatus) => readonly Sample[];
};

type Read = (status: GatewayStatus) => number | null;

/** What is not known has no sample: Prometheus shows a gap, not a zero. */
const one =
  (read: Read): MetricDefinition['samples'] =>
  (status) => {
    const value = read(status);
    return value === null ? [] : [{ value }];
  };

export const scaled = (value: number | null | undefined, factor: number): number | null =>
  value === null || value === undefined ? null : value * factor;

export const gauge = (name: string, help: string, read: Read): MetricDefinition => ({
  kind: 'gauge',
  name,
  help,
  samples: one(read),
});

export const counter = (name: string, help: string, read: Read): MetricDefinition => ({
  kind: 'counter',
  name,
  help,
  samples: one(read),
});
