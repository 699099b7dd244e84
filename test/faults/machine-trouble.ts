import type { ScenarioEvent } from '../../src/simulation/scenario.ts';

export type MachineTrouble = {
  readonly name: string;
  readonly kind: 'sensor fault' | 'clock step';
  /** Since the start of the process, simulated. */
  readonly atSeconds: number;
  readonly event: ScenarioEvent;
};

const MINUTES = 200;
const STEP_SECONDS = 7_200;

const troubleOfMinute = (minute: number): readonly MachineTrouble[] => {
  const startSeconds = 20 + minute * 60;
  const later = { bme280: startSeconds, ads1115: startSeconds + 15 };
  return [
    {
      name: 'BME280 does not answer',
      kind: 'sensor fault',
      atSeconds: later.bme280,
      event: {
        kind: 'busError',
        fromSeconds: later.bme280,
        forSeconds: 5,
        chip: 'bme280',
        code: 'EREMOTEIO',
      },
    },
    {
      name: 'ADS1115 does not answer',
      kind: 'sensor fault',
      atSeconds: later.ads1115,
      event: { kind: 'busError', fromSeconds: later.ads1115, forSeconds: 5, chip: 'ads1115', code: 'EIO' },
    },
    {
      name: 'brown-out of the BME280',
      kind: 'sensor fault',
      atSeconds: startSeconds + 30,
      event: { kind: 'brownOut', atSeconds: startSeconds + 30, chip: 'bme280' },
    },
    {
      name: 'clock stepped by two hours',
      kind: 'clock step',
      atSeconds: startSeconds + 40,
      event: {
        kind: 'clockStep',
        atSeconds: startSeconds + 40,
        bySeconds: minute % 2 === 0 ? STEP_SECONDS : -STEP_SECONDS,
      },
    },
  ];
};

/** What happens to the machine rather than to the link, in every simulated minute of each life, in order. */
export const machineTrouble: readonly MachineTrouble[] = Array.from({ length: MINUTES }, (_, minute) =>
  troubleOfMinute(minute),
).flat();
