import { z } from 'zod';

const readingSchema = z.object({
  seq: z.int(),
  datetime: z.string(),
  temperature: z.number().nullable(),
  humidity: z.number().nullable(),
  winddirection: z.number().nullable(),
  windintensity: z.number().nullable(),
  rainheight: z.number().nullable(),
});
const backlogSchema = z.object({ readings: z.array(readingSchema).min(1) });
const textSchema = z.object({ text: z.string() });
const gapSchema = z.object({ fromseq: z.int(), toseq: z.int(), reason: z.string() });
const statusSchema = z.object({ state: z.string(), waiting: z.int().optional() });

type Reading = z.infer<typeof readingSchema>;

const quantity = (value: number | null, unit: string): string =>
  value === null ? `- ${unit}` : `${value} ${unit}`;

const readingLine = (reading: Reading): string =>
  [
    `reading  #${reading.seq}  ${reading.datetime}`,
    quantity(reading.temperature, '°C'),
    quantity(reading.humidity, '%RH'),
    `${quantity(reading.windintensity, 'km/h')} from ${quantity(reading.winddirection, '°')}`,
    `${quantity(reading.rainheight, 'mm')} rain`,
  ].join('  ');

const backlogLine = ({ readings }: z.infer<typeof backlogSchema>): string => {
  const seqs = readings.map(({ seq }) => seq);
  return `backlog  #${Math.min(...seqs)} to #${Math.max(...seqs)}: ${readings.length} readings that had waited, in one message`;
};

const describers: Readonly<Record<string, (payload: unknown) => string>> = {
  reading: (payload) => readingLine(readingSchema.parse(payload)),
  backlog: (payload) => backlogLine(backlogSchema.parse(payload)),
  prealert: (payload) => `alert    ${textSchema.parse(payload).text}`,
  gap: (payload) => {
    const { fromseq, toseq, reason } = gapSchema.parse(payload);
    return `gap      #${fromseq} to #${toseq}: ${reason}`;
  },
  status: (payload) => {
    const { state, waiting } = statusSchema.parse(payload);
    return `status   ${state}${waiting === undefined ? '' : `, ${waiting} readings wait`}`;
  },
};

/** One line for a person about one message at the broker. */
export const messageLine = (topic: string, payload: string): string => {
  const describe = describers[topic.split('/').at(-1) ?? ''];
  return describe === undefined ? `${topic} ${payload}` : describe(JSON.parse(payload));
};
