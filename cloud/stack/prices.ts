/** Where a price is from. Nothing was bought: see "What could not be tried" in docs/cloud.md. */
export type Source = 'AWS documentation' | 'price list of October 2026' | 'report of 2023' | 'from memory';

export type Price = { readonly dollars: number; readonly source: Source };

const price = (dollars: number, source: Source): Price => ({ dollars, source });

/** US dollars, us-east-1, list prices without any free tier. */
export const PRICES = {
  iotConnectionMillionMinutes: price(0.08, 'from memory'),
  iotRuleMillion: price(0.15, 'from memory'),
  kinesisShardHour: price(0.015, 'report of 2023'),
  kinesisPutMillion: price(0.014, 'from memory'),
  firehoseGigabyte: price(0.029, 'from memory'),
  lambdaGigabyteSecond: price(0.0000133334, 'from memory'),
  lambdaRequestMillion: price(0.2, 'from memory'),
  flinkUnitHour: price(0.11, 'AWS documentation'),
  flinkStorageUnitMonth: price(5, 'AWS documentation'),
  redshiftUnitHour: price(0.375, 'price list of October 2026'),
  ra3LargeHour: price(0.543, 'price list of October 2026'),
  redshiftGigabyteMonth: price(0.024, 'price list of October 2026'),
  publicAddressMonth: price(3.65, 'from memory'),
  s3GigabyteMonth: price(0.023, 'from memory'),
  s3WriteThousand: price(0.005, 'from memory'),
  s3ReadThousand: price(0.0004, 'from memory'),
  athenaTerabyte: price(5, 'from memory'),
  alarmMetricMonth: price(0.1, 'from memory'),
  customMetricMonth: price(0.3, 'report of 2023'),
  secretMonth: price(0.4, 'from memory'),
  logGigabyte: price(0.5, 'report of 2023'),
} as const satisfies Record<string, Price>;

/** Messages of up to 5 KB, by how many million a month there were before. */
export const IOT_MESSAGE_MILLION = {
  source: 'from memory',
  steps: [
    { upToMillions: 1000, dollars: 1 },
    { upToMillions: 5000, dollars: 0.8 },
    { upToMillions: Number.POSITIVE_INFINITY, dollars: 0.7 },
  ],
} as const;
