// Turn an address below /studio into the screen that it names, and a screen into its address.

import type { Place } from '../shared/router';
import { withQuery } from '../shared/router';

export type Screen =
  | { name: 'queues' }
  | { name: 'letters'; query: URLSearchParams }
  | { name: 'letter'; id: string }
  | { name: 'commands' }
  | { name: 'command'; command: string; params: Record<string, unknown> }
  | { name: 'approvals' }
  | { name: 'events' }
  | { name: 'story'; id: string }
  | { name: 'nothing'; path: string };

export const LINKS: [to: string, name: string][] = [
  ['/ops', 'Queues'],
  ['/ops/dead-letters', 'Dead letters'],
  ['/ops/commands', 'Commands'],
  ['/ops/approvals', 'Approvals'],
  ['/ops/events', 'Events'],
];

export function screenOf({ path, query }: Place): Screen {
  const [ops, kind, one, more] = path.split('/').slice(1).map(decoded);
  const nothing: Screen = { name: 'nothing', path };
  if ((ops !== 'ops' && path !== '/') || more !== undefined) return nothing;
  if (kind === undefined) return { name: 'queues' };
  if (one === undefined) {
    if (kind === 'dead-letters') return { name: 'letters', query };
    return kind === 'commands' || kind === 'approvals' || kind === 'events' ? { name: kind } : nothing;
  }
  if (kind === 'dead-letters') return { name: 'letter', id: one };
  if (kind === 'commands') return { name: 'command', command: one, params: paramsIn(query.get('params')) };
  return kind === 'story' ? { name: 'story', id: one } : nothing;
}

export function commandAddress(name: string, params: Record<string, unknown> = {}): string {
  const said = Object.keys(params).length ? JSON.stringify(params) : null;
  return withQuery(`/ops/commands/${encodeURIComponent(name)}`, { params: said });
}

export const storyAddress = (id: string): string => `/ops/story/${encodeURIComponent(id)}`;

function paramsIn(text: string | null): Record<string, unknown> {
  try {
    const found: unknown = JSON.parse(text ?? '{}');
    return typeof found === 'object' && found !== null && !Array.isArray(found)
      ? (found as Record<string, unknown>)
      : {};
  } catch {
    return {};
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
