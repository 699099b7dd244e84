import { access, constants } from 'node:fs/promises';
import type { PreAlertEvent } from '../pre-alerts/event.ts';
import { readRecording } from '../replay/recorded-line.ts';
import { replay } from '../replay/replay.ts';
import { formatDatetime } from '../weather/message.ts';
import type { CommandContext } from './command.ts';
import { configured } from './configured.ts';

/** More complaints are counted only: a file of the wrong kind would fill the screen. */
const MOST_COMPLAINTS = 20;

const textOf = ({ at, rule, transition, severity, text }: PreAlertEvent): string =>
  `${formatDatetime(at.wallMs)}  ${rule}  ${transition} (${severity})  ${text}`;

const jsonOf = ({ at, ...event }: PreAlertEvent): string =>
  JSON.stringify({ datetime: formatDatetime(at.wallMs), ...event });

const isReadable = (file: string): Promise<boolean> =>
  access(file, constants.R_OK).then(
    () => true,
    () => false,
  );

/** Tries the pre-alert rules of the configuration on recorded readings, and prints the events. */
export const command = configured(async (config, args, context) => {
  const [file] = args.operands;
  const refuse = (message: string): number => {
    context.err.write(`weather-gateway: ${message}\n`);
    return 1;
  };
  if (file === undefined) return refuse('replay needs a FILE of recorded readings');
  if (!(await isReadable(file))) return refuse(`${file} cannot be read`);
  const counts = await print(file, replay(readRecording(file), config), {
    context,
    formatEvent: args.json === true ? jsonOf : textOf,
  });
  const summary = `${counts.readings} readings, ${counts.events} events, ${counts.complaints} lines skipped\n`;
  context.err.write(summary);
  return counts.complaints === 0 ? 0 : 1;
});

type Printing = {
  readonly context: CommandContext;
  readonly formatEvent: (event: PreAlertEvent) => string;
};

const print = async (
  file: string,
  outcomes: ReturnType<typeof replay>,
  { context, formatEvent }: Printing,
) => {
  let complaints = 0;
  for (;;) {
    const next = await outcomes.next();
    if (next.done === true) return next.value;
    if ('event' in next.value) {
      context.out.write(`${formatEvent(next.value.event)}\n`);
      continue;
    }
    complaints += 1;
    const { line, complaint } = next.value;
    if (complaints <= MOST_COMPLAINTS) context.err.write(`${file}:${line}: ${complaint}\n`);
    if (complaints === MOST_COMPLAINTS) context.err.write(`${file}: further complaints are only counted\n`);
  }
};
