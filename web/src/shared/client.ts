// Turn the API's own description into calls that give data or throw a Problem.

import createClient from 'openapi-fetch';
import type { components, paths } from './api.gen';
import { Problem, problemOf, unreachable } from './problem';

export type Schemas = components['schemas'];

const PATIENCE_MS = 20_000; // for reads; a command may take as long as it takes

function inTime(request: Request): Promise<Response> {
  if (request.method !== 'GET') return fetch(request);
  return fetch(request, { signal: AbortSignal.any([request.signal, AbortSignal.timeout(PATIENCE_MS)]) });
}

export const api = createClient<paths>({ baseUrl: location.origin, credentials: 'same-origin', fetch: inTime });

type Answer<T> = { data?: T; error?: unknown; response: Response };

/** Wait for an answer of `api`; return its data. Throws Problem; `changes` says that the request was no mere look. */
export async function ask<T>(sent: Promise<Answer<T>>, changes = false): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await sent;
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw unreachable(changes, error instanceof DOMException && error.name === 'TimeoutError');
  }
  if (!answer.response.ok) throw problemOf(answer.response, answer.error);
  return answer.data as T;
}
