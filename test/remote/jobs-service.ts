type Status = 'QUEUED' | 'IN_PROGRESS' | 'SUCCEEDED' | 'FAILED' | 'REJECTED' | 'CANCELED';

/** One job for the one station that the double serves. */
export type Execution = {
  readonly jobId: string;
  readonly jobDocument: unknown;
  status: Status;
  statusDetails: Readonly<Record<string, string>>;
  versionNumber: number;
  executionNumber: number;
  readonly queuedAt: number;
};

export type Request = {
  readonly topic: string;
  readonly clientToken: string;
  readonly status?: Status;
  readonly statusDetails?: Readonly<Record<string, string>>;
  readonly expectedVersion?: number;
  readonly executionNumber?: number;
};

type Message = { readonly topic: string; readonly payload: string };

const terminal: readonly Status[] = ['SUCCEEDED', 'FAILED', 'REJECTED', 'CANCELED'];

/**
 * A double of AWS IoT Jobs for one thing: the reserved topics start-next, update and notify-next as the developer guide has
 * them, with versions, the order of executions and the reasons for a rejection. Hold it against
 * https://docs.aws.amazon.com/iot/latest/developerguide/jobs-mqtt-api.html.
 */
export class JobsService {
  readonly executions: Execution[] = [];
  readonly requests: Request[] = [];
  /** What becomes of each answer on its way; a test makes it none, several or another one. */
  deliver: (answer: Message, request: Request) => readonly Message[] = (answer) => [answer];
  #added = 0;
  readonly #jobs: string;
  readonly #send: (topic: string, payload: string) => void;

  constructor(thing: string, send: (topic: string, payload: string) => void) {
    this.#jobs = `$aws/things/${thing}/jobs`;
    this.#send = send;
  }

  get jobsTopic(): string {
    return this.#jobs;
  }

  /** Queues a job, and tells when it is the next one. */
  add(jobId: string, jobDocument: unknown): Execution {
    const execution: Execution = {
      ...{ jobId, jobDocument, status: 'QUEUED', statusDetails: {} },
      ...{ versionNumber: 1, executionNumber: 1, queuedAt: 1_577_836_800 + this.#added },
    };
    this.#added += 1;
    const wasIdle = this.#next() === undefined;
    this.executions.push(execution);
    if (wasIdle) this.notify();
    return execution;
  }

  notify(): void {
    const execution = this.#next();
    this.#send(`${this.#jobs}/notify-next`, JSON.stringify({ timestamp: 1_577_836_800, execution }));
  }

  /** Of one job, as an operator sees it. */
  stateOf(jobId: string): Pick<Execution, 'status' | 'statusDetails'> | undefined {
    const found = this.executions.find((execution) => execution.jobId === jobId);
    return found && { status: found.status, statusDetails: found.statusDetails };
  }

  /** A station published this. */
  receive(topic: string, payload: string): void {
    if (!topic.startsWith(`${this.#jobs}/`) || /\/(accepted|rejected|notify-next)$/.test(topic)) return;
    const request: Request = { ...JSON.parse(payload), topic };
    this.requests.push(request);
    const [outcome, body] = topic.endsWith('/start-next') ? this.#startNext() : this.#update(request);
    const { clientToken } = request;
    const answer = {
      topic: `${topic}/${outcome}`,
      payload: JSON.stringify({ ...body, clientToken, timestamp: 1_577_836_800 }),
    };
    for (const message of this.deliver(answer, request)) this.#send(message.topic, message.payload);
  }

  /** Those in progress come first. */
  #next(): Execution | undefined {
    return (
      this.executions.find(({ status }) => status === 'IN_PROGRESS') ??
      this.executions.find(({ status }) => status === 'QUEUED')
    );
  }

  #startNext(): ['accepted', object] {
    const execution = this.#next();
    if (execution?.status === 'QUEUED') {
      execution.status = 'IN_PROGRESS';
      execution.versionNumber += 1;
    }
    return ['accepted', execution === undefined ? {} : { execution }];
  }

  #update({ topic, status, statusDetails, expectedVersion }: Request): ['accepted' | 'rejected', object] {
    const jobId = topic.split('/').at(-2);
    const execution = this.executions.find((each) => each.jobId === jobId);
    if (execution === undefined) return ['rejected', { code: 'ResourceNotFound', message: 'no such job' }];
    const executionState = { ...execution };
    if (terminal.includes(execution.status))
      return ['rejected', { code: 'TerminalStateReached', message: execution.status, executionState }];
    if (expectedVersion !== undefined && expectedVersion !== execution.versionNumber)
      return ['rejected', { code: 'VersionMismatch', message: 'another version', executionState }];
    if (status === undefined) return ['rejected', { code: 'InvalidRequest', message: 'status is missing' }];
    const pairs = Object.entries(statusDetails ?? {});
    const isBad = ([name, value]: [string, string]): boolean =>
      !/^[a-zA-Z0-9:_-]{1,128}$/.test(name) || !/^[^\p{C}]{1,1024}$/u.test(value);
    if (pairs.length > 10 || pairs.some(isBad))
      return ['rejected', { code: 'InvalidRequest', message: 'statusDetails' }];
    const before = this.#next();
    Object.assign(execution, { status, ...(statusDetails ? { statusDetails } : {}) });
    execution.versionNumber += 1;
    if (this.#next() !== before) setImmediate(() => this.notify());
    const { versionNumber } = execution;
    return ['accepted', { executionState: { status, statusDetails, versionNumber } }];
  }
}
