import type { PreAlertRule } from '../config/pre-alerts-schema.ts';
import { formatDuration } from '../weather/format.ts';
import type { Quantity } from '../weather/quantities.ts';
import type { RuleQuantity } from './assessment.ts';
import { nameOf } from './rules.ts';

/** What a station can give its rules. */
export type RuleGround = {
  /** Quantities that something measures. */
  readonly measured: ReadonlySet<Quantity>;
  readonly intervalMs: number;
  readonly elevationMetres: number | undefined;
};

const NEEDS: Readonly<Record<Exclude<RuleQuantity, Quantity>, readonly Quantity[]>> = {
  windmean: ['windintensity'],
  windmaxgust: ['windgust'],
  rainintensity: ['rainheight'],
  rainhour: ['rainheight'],
  dewpoint: ['temperature', 'humidity'],
  sealevelpressure: ['pressure', 'temperature'],
  pressuretendency: ['pressure'],
  heatindex: ['temperature', 'humidity'],
  windchill: ['temperature', 'windintensity'],
};

const isDerived = (quantity: RuleQuantity | Quantity): quantity is Exclude<RuleQuantity, Quantity> =>
  Object.hasOwn(NEEDS, quantity);

const needsOf = (quantity: RuleQuantity | Quantity): readonly Quantity[] =>
  isDerived(quantity) ? NEEDS[quantity] : [quantity];

const list = (quantities: readonly Quantity[]): string =>
  quantities.map((quantity) => nameOf(quantity).toLowerCase()).join(' and ');

/** Why a rule can never be judged, as a clause of a sentence; `null` where it can. */
export const whyNeverJudged = (
  rule: PreAlertRule,
  { measured, intervalMs, elevationMetres }: RuleGround,
): string | null => {
  if (rule.kind === 'sensor') {
    const absent = rule.quantities.filter((quantity) => !measured.has(quantity));
    return absent.length === rule.quantities.length ? 'nothing measures any of its quantities' : null;
  }
  const missing = needsOf(rule.quantity).filter((quantity) => !measured.has(quantity));
  if (missing.length > 0) return `nothing measures ${list(missing)}`;
  if (rule.quantity === 'sealevelpressure' && elevationMetres === undefined)
    return 'sea-level pressure needs station.elevationMetres';
  if (rule.kind === 'limit') return null;
  const windowMs = rule.windowMinutes * 60_000;
  const inWindow = Math.ceil(windowMs / Math.max(intervalMs, 60_000));
  const needed = rule.kind === 'trend' ? rule.minSamples : 2;
  if (inWindow >= needed) return null;
  return `its window of ${rule.windowMinutes} min holds ${inWindow} of the ${needed} values it needs at a reading every ${formatDuration(intervalMs / 1000)}`;
};
