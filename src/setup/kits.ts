// The figures of the kits that docs/hardware.md lists, with their sources.

export type Kit = {
  readonly key: string;
  readonly title: string;
  readonly kmhPerHz: number;
  readonly mmPerTip: number;
  /** Whether the vane is a potentiometer; a resistance for each position otherwise. */
  readonly isPotentiometer: boolean;
};

const usual = { kmhPerHz: 2.4, mmPerTip: 0.2794, isPotentiometer: false };

export const kits: readonly Kit[] = [
  { key: 'sparkfun', title: 'SparkFun SEN-15901 or SEN-08942, Argent', ...usual },
  { key: 'misol', title: 'Misol WH-SP; the label of its rain gauge decides', ...usual, mmPerTip: 0.3 },
  {
    key: 'davis',
    title: 'Davis 6410, and the Davis collector with 0.2 mm',
    kmhPerHz: 3.621,
    mmPerTip: 0.2,
    isPotentiometer: true,
  },
  {
    key: 'inspeed',
    title: 'Inspeed Vortex and e-Vane',
    ...usual,
    kmhPerHz: 4.023,
    isPotentiometer: true,
  },
];

type Present = {
  readonly anemometer?: { readonly kmhPerHz?: unknown } | undefined;
  readonly rainGauge?: { readonly mmPerTip?: unknown } | undefined;
};

/** The kit with these figures, and `other` for figures of none; the usual one where nothing is known. */
export const kitLike = ({ anemometer, rainGauge }: Present): string => {
  const { kmhPerHz = usual.kmhPerHz } = anemometer ?? {};
  const { mmPerTip } = rainGauge ?? {};
  const alike = kits.filter((kit) => kit.kmhPerHz === kmhPerHz);
  const best = alike.find((kit) => kit.mmPerTip === mmPerTip) ?? alike[0];
  return best?.key ?? 'other';
};
