import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useRef } from 'react';
import { Button } from 'react-aria-components';
import type { Schemas } from '../shared/client';
import { Heading } from '../shared/Layout';
import { Link } from '../shared/Link';
import { navigate, withQuery } from '../shared/router';
import { type Column, Table } from '../shared/Table';
import css from '../shared/ui.module.css';
import { When } from '../shared/When';
import { Panel } from './Panel';
import { type LetterFilter, letters, queues } from './queries';

type Letter = Schemas['LetterOut'];
const SAFE: Record<string, string> = { yes: 'Yes', no: 'No', 'after-repair': 'After repair', unknown: 'Not known' };
const CAUSES: [string, string][] = [
  ['1', 'row 1'],
  ['2', 'row 2'],
  ['3', 'row 3'],
  ['ours', 'other known'],
  ['unknown', 'unknown'],
];
const COLUMNS: Column<Letter>[] = [
  {
    head: 'Letter',
    cell: (each) => (
      <Link to={`/ops/dead-letters/${each.deadLetterId}`}>
        {each.triage.known ? each.triage.title : `${each.triage.title}: ${each.error.code ?? each.name}`}
      </Link>
    ),
  },
  { head: 'Queue', cell: (each) => `${each.queue}, ${each.name}` },
  {
    head: 'Session',
    cell: (each) =>
      each.sessionId ? (
        <Link to={`/ops/story/${encodeURIComponent(each.sessionId)}`} className={css.id}>
          {each.sessionId}
        </Link>
      ) : (
        'none'
      ),
  },
  { head: 'Died', cell: (each) => <When at={each.diedAt} brief /> },
  { head: 'Attempts', cell: (each) => each.attemptCount, number: true },
  { head: 'Safe to requeue', cell: (each) => SAFE[each.triage.safeToRequeue] ?? each.triage.safeToRequeue },
  {
    head: 'Escalate',
    cell: (each) =>
      each.resolvedAt ? (
        `Resolved: ${each.resolution}`
      ) : each.escalate ? (
        <span className={css.bad}>Yes: {each.escalateBecause.join('; ')}</span>
      ) : (
        'No'
      ),
  },
];

/** The dead letters, filtered by what the address says, so that a view can be sent to a colleague. */
export function DeadLetters({ query }: { query: URLSearchParams }) {
  const said = (name: string) => query.get(name) || undefined;
  const filter: LetterFilter = {
    queue: said('queue'),
    cause: said('cause'),
    sessionId: said('sessionId'),
    state: said('state'),
    before: said('before'),
  };
  const asked = useQuery(letters(filter));
  const known = (useQuery(queues).data ?? []).map((each) => each.queue);
  const address = (more: LetterFilter) => withQuery('/ops/dead-letters', { ...filter, ...more });
  return (
    <>
      <Heading>Dead letters</Heading>
      <Filter key={query.toString()} filter={filter} queues={known} />
      <Panel query={asked} what="Dead letters">
        {(page) => (
          <>
            <Table
              caption="Newest first, each judged by the playbook as of now."
              columns={COLUMNS}
              rows={page.deadLetters}
              keyOf={(each) => each.deadLetterId}
              empty="No dead letters here."
            />
            <p className={css.row}>
              {filter.before && <Link to={address({ before: undefined })}>Newest</Link>}
              {page.nextBefore && <Link to={address({ before: page.nextBefore })}>Older</Link>}
            </p>
          </>
        )}
      </Panel>
    </>
  );
}

function Filter({ filter, queues }: { filter: LetterFilter; queues: string[] }) {
  const form = useRef<HTMLFormElement>(null);
  const names = filter.queue && !queues.includes(filter.queue) ? [filter.queue, ...queues] : queues;
  function apply(event?: FormEvent) {
    event?.preventDefault();
    const given = new FormData(form.current ?? undefined);
    navigate(
      withQuery(
        '/ops/dead-letters',
        Object.fromEntries([...given].map(([name, value]) => [name, String(value).trim()])),
      ),
    );
  }
  return (
    <form ref={form} onSubmit={apply} className={css.row} aria-label="Which letters">
      <label className={css.inline}>
        Queue or consumer
        <input name="queue" list="queues" defaultValue={filter.queue} placeholder="all" autoCapitalize="none" />
        <datalist id="queues">
          {names.map((each) => (
            <option key={each} value={each} />
          ))}
        </datalist>
      </label>
      <label className={css.inline}>
        Cause
        <select name="cause" defaultValue={filter.cause ?? ''} onChange={() => apply()}>
          <option value="">all</option>
          {CAUSES.map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label className={css.inline}>
        State
        <select name="state" defaultValue={filter.state ?? ''} onChange={() => apply()}>
          <option value="">open</option>
          <option value="resolved">resolved</option>
          <option value="all">all</option>
        </select>
      </label>
      <label className={css.inline}>
        Session
        <input name="sessionId" defaultValue={filter.sessionId} placeholder="all" autoCapitalize="none" />
      </label>
      <Button type="submit" className={css.button}>
        Show
      </Button>
    </form>
  );
}
