import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { connect, isIP } from 'node:net';

export type NetworkProbeParts = {
  /** Where the station connects to: the endpoint, or the proxy before it. */
  readonly host: string;
  readonly port: number;
  /** `ADDRESS:PORT` of name servers; those of the machine without. */
  readonly nameServers?: readonly string[];
  readonly timeoutMs?: number;
};

const TIMEOUT_MS = 10_000;

/** A server that says no is there all the same. */
const DNS_ANSWERS: ReadonlySet<string> = new Set(['ENOTFOUND', 'ENODATA', 'EREFUSED', 'ENOTIMP', 'EFORMERR']);

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : '';

/** Asks a name server, so that neither /etc/hosts nor a cache of this process answers. */
const answersDns = async ({
  host,
  nameServers,
  timeoutMs = TIMEOUT_MS,
}: NetworkProbeParts): Promise<boolean> => {
  if (isIP(host) !== 0) return false;
  const resolver = new Resolver({ timeout: timeoutMs / 2, tries: 2 });
  if (nameServers !== undefined) resolver.setServers(nameServers);
  try {
    await resolver.resolve4(host);
    return true;
  } catch (error) {
    return DNS_ANSWERS.has(codeOf(error));
  }
};

/** A connection, or its refusal: both come from the other end. */
const answersTcp = async ({ host, port, timeoutMs = TIMEOUT_MS }: NetworkProbeParts): Promise<boolean> => {
  const socket = connect(port, host);
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(timeoutMs) });
    return true;
  } catch (error) {
    const { code } = error instanceof AggregateError ? (error.errors[0] ?? error) : { code: codeOf(error) };
    return code === 'ECONNREFUSED' || code === 'ECONNRESET';
  } finally {
    socket.destroy();
  }
};

/** Whether neither DNS nor TCP is answered by anybody: what a modem that hangs looks like. */
export const isNetworkDead = async (parts: NetworkProbeParts): Promise<boolean> => {
  const answers = await Promise.all([answersDns(parts), answersTcp(parts)]);
  return !answers.includes(true);
};
