// Turn a server-sent event stream into calls, for as long as somebody looks: it comes back after every break, right
// after the last event that was seen. The browser's own EventSource gives up at the first answer that is not 200.

import { EventSourceParserStream } from 'eventsource-parser/stream';
import { asProblem, type Problem, Problem as ProblemError, problemOf, unreachable } from './problem';

export type Line = { state: 'connecting' } | { state: 'live' } | { state: 'down'; problem: Problem; againAt: number };
export type StreamEvent = { id: string; event: string; data: unknown };
type Given = { onEvent: (event: StreamEvent) => void; onLine: (line: Line) => void; signal: AbortSignal };

const SILENCE_MAX_MS = 40_000; // the service beats every 15 s
const WAIT_MS = [1000, 2000, 4000, 8000, 15_000];

/** Return how long to wait after so many failures in a row. */
export function waitMs(failures: number): number {
  return WAIT_MS[Math.min(failures, WAIT_MS.length) - 1] ?? 0;
}

/** Follow the stream until `signal`; never throws. */
export async function follow(address: string, { onEvent, onLine, signal }: Given): Promise<void> {
  let last = '';
  let failures = 0;
  while (!signal.aborted) {
    try {
      onLine({ state: 'connecting' });
      await once(
        address,
        last,
        signal,
        () => {
          failures = 0;
          onLine({ state: 'live' });
        },
        (event) => {
          last = event.id || last;
          onEvent(event);
        },
      );
      await pause(WAIT_MS[0] ?? 0, signal); // ended by the service: its lifetime is over, or it is being stopped
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      const problem =
        error instanceof ProblemError ? error : error instanceof TypeError ? unreachable(false) : asProblem(error);
      const delay = problem.facts.status === 401 ? 15_000 : waitMs(failures);
      onLine({ state: 'down', problem, againAt: Date.now() + delay });
      await pause(delay, signal);
    }
  }
}

async function once(
  address: string,
  last: string,
  signal: AbortSignal,
  opened: () => void,
  seen: (event: StreamEvent) => void,
): Promise<void> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE_MAX_MS);
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), SILENCE_MAX_MS);
  };
  try {
    const headers: Record<string, string> = { accept: 'text/event-stream', ...(last && { 'last-event-id': last }) };
    const response = await fetch(address, { headers, signal: AbortSignal.any([signal, silence.signal]) });
    if (!response.ok || !response.body) throw problemOf(response, await response.json().catch(() => null));
    opened();
    const reader = response.body
      .pipeThrough(new TextDecoderStream() as unknown as ReadableWritablePair<string, Uint8Array<ArrayBuffer>>)
      .pipeThrough(new EventSourceParserStream({ onComment: heard }))
      .getReader();
    for (let step = await reader.read(); !step.done; step = await reader.read()) {
      heard();
      const { id = '', event = 'message', data } = step.value;
      if (event === 'problem') throw problemOf({ status: 503, headers: response.headers }, JSON.parse(data));
      seen({ id, event, data: JSON.parse(data) });
    }
  } catch (error) {
    throw silence.signal.aborted ? unreachable(false, true) : error;
  } finally {
    clearTimeout(timer);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      done();
    });
  });
}
