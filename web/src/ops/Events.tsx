import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { Facts } from '../shared/Facts';
import { Heading } from '../shared/Layout';
import { ProblemPanel } from '../shared/ProblemPanel';
import { follow, type Line, type StreamEvent } from '../shared/stream';
import { When } from '../shared/When';
import { words } from '../shared/words';
import css from './ops.module.css';
import { me } from './queries';

type Seen = { eventId: string; eventType: string; occurredAt: string } & Record<string, unknown>;
const ADDRESS = '/ops/events?recent=50';
const SHOWN_MAX = 200;
const WORDS = { connecting: 'Connecting', live: 'Live', down: 'The line is down' };

/** Return the newest first, each once: what comes again after a break is known already. */
export function withEvent(seen: Seen[], { data }: StreamEvent): Seen[] {
  const event = data as Seen;
  if (!event.eventId || seen.some((each) => each.eventId === event.eventId)) return seen;
  return [event, ...seen].slice(0, SHOWN_MAX);
}

/** What happens, as it happens. It listens only while this screen is open: a browser has few lines to one service. */
export function Events() {
  const [line, setLine] = useState<Line>({ state: 'connecting' });
  const [seen, setSeen] = useState<Seen[]>([]);
  const client = useQueryClient();
  useEffect(() => {
    const leaving = new AbortController();
    const onLine = (next: Line) => {
      setLine((now) => (next.state === 'connecting' && now.state === 'down' ? now : next));
      if (next.state === 'down' && next.problem.facts.status === 401) client.setQueryData(me.queryKey, null);
    };
    const onEvent = (event: StreamEvent) => setSeen((before) => withEvent(before, event));
    void follow(ADDRESS, { onEvent, onLine, signal: leaving.signal });
    return () => leaving.abort();
  }, [client]);
  return (
    <>
      <Heading>Events</Heading>
      <p role="status">
        <span className={css.level} data-level={line.state}>
          {WORDS[line.state]}
        </span>
        {line.state === 'down' && <> It is tried again by itself; what happens meanwhile is shown then.</>}
      </p>
      {line.state === 'down' && <ProblemPanel what="Events" error={line.problem} />}
      {seen.length === 0 && <p>Nothing has happened yet.</p>}
      <ol className={css.lines}>
        {seen.map(({ eventId, eventType, occurredAt, ...rest }) => (
          <li key={eventId}>
            <span className={css.at}>
              <When at={occurredAt} />
            </span>{' '}
            <span className={css.what}>{eventType}</span>
            <Said payload={rest.payload} />
            <details>
              <summary>Its ids</summary>
              <Facts value={{ correlationId: rest.correlationId, automationId: rest.automationId, event: eventId }} />
            </details>
          </li>
        ))}
      </ol>
    </>
  );
}

/** What an event says, in a line; what it leaves open is left out. */
function Said({ payload }: { payload: unknown }) {
  const pairs = Object.entries(payload ?? {}).filter(([, value]) => value !== null && value !== '');
  return (
    <dl className={css.said}>
      {pairs.map(([name, value]) => (
        <div key={name}>
          <dt>{words(name)}</dt>
          <dd>
            <Facts value={value} name={name} depth={2} />
          </dd>
        </div>
      ))}
    </dl>
  );
}
