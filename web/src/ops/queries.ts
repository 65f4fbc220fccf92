// What the screens ask of the API, each once, by key; `me` decides whether anything is shown at all.

import { MutationCache, QueryCache, QueryClient, queryOptions } from '@tanstack/react-query';
import type { paths } from '../shared/api.gen';
import { api, ask } from '../shared/client';
import { isSignedOut } from '../shared/problem';

const OFTEN_MS = 5_000;
const SELDOM_MS = 60_000;

export type LetterFilter = { queue?: string; cause?: string; sessionId?: string; state?: string; before?: string };
type LetterQuery = paths['/ops/dead-letters']['get']['parameters']['query'];

export function newQueryClient(): QueryClient {
  const signedOut = (error: unknown) => {
    if (isSignedOut(error)) client.setQueryData(me.queryKey, null);
  };
  const client = new QueryClient({
    queryCache: new QueryCache({ onError: signedOut }),
    mutationCache: new MutationCache({ onError: signedOut }),
    // always: a browser without internet may well reach a service beside it
    defaultOptions: {
      queries: { retry: false, networkMode: 'always', staleTime: 1000 },
      mutations: { networkMode: 'always' },
    },
  });
  return client;
}

export const me = queryOptions({
  queryKey: ['me'],
  queryFn: () =>
    ask(api.GET('/auth/me')).catch((error: unknown) => {
      if (isSignedOut(error)) return null;
      throw error;
    }),
  refetchInterval: (query) => (query.state.status === 'error' ? OFTEN_MS : SELDOM_MS),
});

export const queues = queryOptions({
  queryKey: ['queues'],
  queryFn: () => ask(api.GET('/ops/queues')),
  refetchInterval: OFTEN_MS,
});

export const commands = queryOptions({
  queryKey: ['commands'],
  queryFn: () => ask(api.GET('/ops/commands')),
  refetchInterval: (query) => (query.state.status === 'error' ? OFTEN_MS : SELDOM_MS),
});

export const confirmations = (waiting: boolean) =>
  queryOptions({
    queryKey: ['confirmations', waiting],
    queryFn: () =>
      ask(api.GET('/ops/confirmations', { params: { query: waiting ? { state: 'pending' } : { limit: 100 } } })),
    refetchInterval: OFTEN_MS,
  });

export const letters = (filter: LetterFilter) =>
  queryOptions({
    queryKey: ['letters', filter],
    queryFn: () => ask(api.GET('/ops/dead-letters', { params: { query: { ...filter, limit: 25 } as LetterQuery } })),
    refetchInterval: 2 * OFTEN_MS,
  });

export const letter = (id: string) =>
  queryOptions({
    queryKey: ['letters', 'one', id],
    queryFn: () => ask(api.GET('/ops/dead-letters/{dead_letter_id}', { params: { path: { dead_letter_id: id } } })),
    refetchInterval: 2 * OFTEN_MS,
  });

export const story = (id: string) =>
  queryOptions({
    queryKey: ['story', id],
    queryFn: () => ask(api.GET('/ops/trace/{id}', { params: { path: { id } } })) as Promise<Story>,
    refetchInterval: (query) => (query.state.status === 'error' ? false : 2 * OFTEN_MS),
  });

export type StoryLine = { at: string; what: string; said: string; facts: Record<string, unknown> } & Record<
  string,
  unknown
>;
export type Story = {
  id: string;
  correlationIds: string[];
  automationIds: string[];
  jobIds: string[];
  lines: StoryLine[];
  leftOut: number;
};
