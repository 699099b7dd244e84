import { z } from 'zod';
import type { GatewayConfig } from '../config/schema.ts';

const answer = z.object({ link: z.object({ state: z.string() }) });
/** A slow Pi takes seconds to load what fetches; where nobody listens, the answer is immediate. */
const ANSWER_TIMEOUT_MS = 10_000;

/** The state of the running daemon's link; `null` when no daemon answers where the configuration says. */
export const daemonLink = async (
  { listen, port, token }: GatewayConfig['http'],
  signal: AbortSignal,
): Promise<string | null> => {
  const host = listen.includes(':') ? `[${listen}]` : listen;
  try {
    const response = await fetch(`http://${host}:${port}/api/status`, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]),
    });
    const status = answer.safeParse(await response.json());
    return status.success ? status.data.link.state : null;
  } catch {
    // Nobody there, or somebody else: no daemon of ours in either case.
    return null;
  }
};
