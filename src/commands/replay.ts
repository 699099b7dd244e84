import process from 'node:process';
import type { PreAlertEvent } from '../pre-alerts/assessment.ts';
import { loadMapping, type Mapping } from '../replay/mapping.ts';
import { type RecordedPiece, readRecording } from '../replay/recording.ts';
import { RecordingError } from '../replay/recording-text.ts';
import { Replay, type ReplayConfig, type ReplayOutcome } from '../replay/replay.ts';
import { type Summary, summaryText } from '../replay/summary.ts';
import { printable, printableJson } from '../weather/format.ts';
import { formatDatetime } from '../weather/message.ts';
import { type CommandArguments, type CommandContext, configured, refuse } from './command.ts';

/** More complaints are counted only: a file of the wrong kind would fill the screen. */
const MAX_COMPLAINTS = 20;

const textOf = ({ at, rule, transition, severity, text }: PreAlertEvent): string =>
  `${formatDatetime(at.wallMs)}  ${rule}  ${transition} (${severity})  ${text}`;

const jsonOf = ({ at, ...event }: PreAlertEvent): string =>
  JSON.stringify({ datetime: formatDatetime(at.wallMs), ...event });

/** Tries quality control and the pre-alert rules of the configuration on recorded readings. */
export const command = configured(async (config, args, context) => {
  if (args.operands.length === 0)
    return refuse(context, 'replay needs a FILE of recorded readings, or - for standard input');
  try {
    return await replayFiles(args, context, config);
  } catch (error) {
    if (error instanceof RecordingError) return refuse(context, error.message);
    throw error;
  }
});

const replayFiles = async (
  args: CommandArguments,
  context: CommandContext,
  config: ReplayConfig,
): Promise<number> => {
  const isJson = args.json === true;
  const mapping = args.map === undefined ? {} : await loadMapping(args.map);
  const recordings = await openRecordings(args.operands, mapping);
  if (!isJson)
    for (const { file, readAs } of recordings) context.err.write(printable(`${file}: read as: ${readAs}\n`));
  const replay = new Replay(config);
  const printer = new Printer(context, isJson);
  for (const { file, pieces } of recordings) {
    for await (const piece of pieces) {
      if ('items' in piece) printer.print(replay.take({ file, items: piece.items }));
    }
  }
  printer.print(replay.end());
  const files = recordings.map(({ file, readAs }) => ({ file, readAs }));
  const summary: Summary = replay.summary(files);
  context.out.write(isJson ? `${printableJson({ summary })}\n` : printable(summaryText(summary)));
  if (summary.readings === 0)
    throw new RecordingError(`${args.operands.join(', ')}: there is no reading in it`);
  return summary.skippedLines === 0 ? 0 : 1;
};

type Opened = {
  readonly file: string;
  readonly readAs: string;
  readonly pieces: AsyncIterable<RecordedPiece>;
  readonly firstMs: number;
};

/** Opens all before any is read: one that cannot be understood stops the others. The oldest comes first. */
const openRecordings = async (files: readonly string[], mapping: Mapping): Promise<Opened[]> => {
  const opened: Opened[] = [];
  for (const file of files) opened.push(await openRecording(file, mapping));
  return opened.sort((a, b) => a.firstMs - b.firstMs);
};

const openRecording = async (file: string, mapping: Mapping): Promise<Opened> => {
  const reading = readRecording(file, mapping, process.stdin);
  const head = await reading.next();
  const first = await reading.next();
  const readAs = head.done !== true && 'readAs' in head.value ? head.value.readAs : '';
  const items = first.done !== true && 'items' in first.value ? [...first.value.items] : [];
  const pieces = async function* (): AsyncGenerator<RecordedPiece> {
    yield { items };
    yield* reading;
  };
  const firstReading = items.find((item) => 'reading' in item);
  const firstMs =
    firstReading !== undefined && 'reading' in firstReading ? firstReading.reading.raw.at.wallMs : 0;
  return { file, readAs, pieces: pieces(), firstMs };
};

/** Events go to the output, complaints to the errors. */
class Printer {
  readonly #context: CommandContext;
  readonly #isJson: boolean;
  #complaints = 0;

  constructor(context: CommandContext, isJson: boolean) {
    this.#context = context;
    this.#isJson = isJson;
  }

  print(outcomes: Iterable<ReplayOutcome>): void {
    for (const outcome of outcomes) {
      if ('event' in outcome) {
        const text = this.#isJson ? jsonOf(outcome.event) : textOf(outcome.event);
        this.#context.out.write(`${text}\n`);
      } else this.#complain(outcome.file, outcome.line, outcome.complaint);
    }
  }

  #complain(file: string, line: number, complaint: string): void {
    this.#complaints += 1;
    if (this.#complaints <= MAX_COMPLAINTS)
      this.#context.err.write(printable(`${file}:${line}: ${complaint}\n`));
    if (this.#complaints === MAX_COMPLAINTS) this.#context.err.write('further complaints are only counted\n');
  }
}
