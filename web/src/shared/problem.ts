// Turn what the API answers to a request that failed (RFC 9457), or no answer at all, into one error that panels show.

export type ProblemFacts = {
  status: number; // 0: no answer
  code: string;
  title: string;
  detail: string;
  remedy: string;
  subject: string;
  correlationId: string | null;
  retryAfterS: number | null;
};

export class Problem extends Error {
  readonly facts: ProblemFacts;

  constructor(facts: ProblemFacts) {
    super(facts.title);
    this.facts = facts;
  }
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Read a problem document; whatever a proxy sends in its place still gets words. */
export function problemOf(response: { status: number; headers: Headers }, body: unknown): Problem {
  const told = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  const waitS = Number(response.headers.get('retry-after') ?? Number.NaN);
  return new Problem({
    status: response.status,
    code: text(told.code) || `http_${response.status}`,
    title: text(told.title) || `The service answered ${response.status}.`,
    detail: text(told.detail),
    remedy: text(told.remedy),
    subject: text(told.subject),
    correlationId: text(told.correlationId) || response.headers.get('x-correlation-id'),
    retryAfterS: Number.isFinite(waitS) && waitS > 0 ? waitS : null,
  });
}

/** Say that no answer came. After a request that changes something nobody knows whether it was done. */
export function unreachable(changes: boolean, slow = false): Problem {
  return new Problem({
    status: 0,
    code: 'unreachable',
    title: slow ? 'The service did not answer in time.' : 'The service does not answer.',
    detail: changes ? 'It is not known whether it was done.' : 'It may be restarting, or the line to it is down.',
    remedy: changes
      ? 'Look at the queues, the letter or the approvals before you give it again.'
      : 'This panel asks again by itself.',
    subject: '',
    correlationId: null,
    retryAfterS: null,
  });
}

export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const detail = error instanceof Error ? error.message : String(error);
  const facts = unreachable(false).facts;
  return new Problem({
    ...facts,
    code: 'page',
    title: 'This page met an error of its own.',
    detail,
    remedy: 'Load it again.',
  });
}

export const isSignedOut = (error: unknown): boolean => error instanceof Problem && error.facts.status === 401;
