// Turn the browser's address into what is shown, and a step inside the pages into an address: no more than these need.

import { useSyncExternalStore } from 'react';

export const BASE = '/studio';
const MOVED = 'ruach:moved';

export type Place = { path: string; query: URLSearchParams };

/** Return the place of an address: its path below /studio, without a slash at the end. */
export function placeOf(address: string): Place {
  const [whole = '', search = ''] = address.split('?', 2);
  const below = whole.startsWith(`${BASE}/`) ? whole.slice(BASE.length) : '/';
  return { path: below.replace(/\/+$/, '') || '/', query: new URLSearchParams(search) };
}

/** Return `path` with the parts of `query` that say something. */
export function withQuery(path: string, query: Record<string, string | null | undefined>): string {
  const said = Object.entries(query).filter((each): each is [string, string] => Boolean(each[1]));
  return said.length ? `${path}?${new URLSearchParams(said)}` : path;
}

export function navigate(to: string, replace = false): void {
  if (replace) history.replaceState(null, '', BASE + to);
  else history.pushState(null, '', BASE + to);
  dispatchEvent(new Event(MOVED));
}

function watch(moved: () => void): () => void {
  addEventListener('popstate', moved);
  addEventListener(MOVED, moved);
  return () => {
    removeEventListener('popstate', moved);
    removeEventListener(MOVED, moved);
  };
}

export function useAddress(): string {
  return useSyncExternalStore(watch, () => location.pathname + location.search);
}
