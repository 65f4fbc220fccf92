import { useQuery } from '@tanstack/react-query';
import { Copy } from '../shared/Copy';
import type { Schemas } from '../shared/client';
import { FactList } from '../shared/FactList';
import { Facts } from '../shared/Facts';
import { Heading } from '../shared/Layout';
import { Link } from '../shared/Link';
import { Table } from '../shared/Table';
import css from '../shared/ui.module.css';
import { When } from '../shared/When';
import { Panel } from './Panel';
import { letter } from './queries';
import { commandAddress } from './screens';

type Whole = Schemas['WholeLetterOut'];
const SAFE: Record<string, string> = { yes: 'Yes.', no: 'No.', 'after-repair': 'After repair.', unknown: 'Not known.' };

/** One dead letter: what the playbook says of it, where the alarms stand, every attempt, and the ways back. */
export function Letter({ id }: { id: string }) {
  const asked = useQuery(letter(id));
  return (
    <>
      <Heading>{asked.data ? `Dead letter: ${asked.data.triage.title}` : 'Dead letter'}</Heading>
      <Panel query={asked} what="Dead letter">
        {(found) => (
          <>
            <Standing letter={found} />
            <Playbook letter={found} />
            <WaysBack letter={found} />
            <Counters letter={found} />
            <Happened letter={found} />
          </>
        )}
      </Panel>
    </>
  );
}

function Standing({ letter: each }: { letter: Whole }) {
  if (each.resolvedAt) {
    return (
      <div className={css.done}>
        <p>
          Resolved by {each.resolvedBy} <When at={each.resolvedAt} />: {each.resolution}
        </p>
      </div>
    );
  }
  if (!each.escalate) return null;
  return (
    <div className={css.problem}>
      <h2>Escalate</h2>
      <ul className={css.list}>
        {each.escalateBecause.map((why) => (
          <li key={why}>{why}</li>
        ))}
      </ul>
    </div>
  );
}

function Playbook({ letter: each }: { letter: Whole }) {
  const row = each.triage;
  const rows: [string, string][] = [
    ['Check first', row.checkFirst],
    ['Safe to requeue', `${SAFE[row.safeToRequeue] ?? row.safeToRequeue} ${row.requeueWhen}`],
    ['Escalate when', row.escalateWhen],
  ];
  return (
    <div className={css.sheet}>
      <h2>What the playbook says</h2>
      <p className={css.faint}>
        {row.playbook ? `${row.playbook}, cause ${row.cause}` : 'A row of our own, or none yet'}
      </p>
      <FactList rows={rows} />
    </div>
  );
}

function WaysBack({ letter: each }: { letter: Whole }) {
  if (each.resolvedAt) return null;
  return (
    <div className={css.sheet}>
      <h2>Ways back</h2>
      {each.waysBack.length === 0 && <p>None is known to this process. It may not serve the pillar of {each.queue}.</p>}
      {each.waysBack.map((way) => (
        <div key={way.line}>
          <h3>
            {way.command ? (
              <Link to={commandAddress(way.command, way.params)}>{way.command}</Link>
            ) : (
              'An ordinary request'
            )}
          </h3>
          <p>{way.says}</p>
          <p>
            <Copy text={way.line} name="line" />
          </p>
        </div>
      ))}
    </div>
  );
}

function Counters({ letter: each }: { letter: Whole }) {
  if (each.counters.length === 0) return null;
  return (
    <Table
      caption="Where the alarms stand"
      rows={each.counters}
      keyOf={(counter) => counter.name}
      empty=""
      columns={[
        { head: 'Alarm', cell: (counter) => counter.name },
        { head: 'Now', cell: (counter) => counter.value, number: true },
        { head: 'Limit', cell: (counter) => `${counter.atLeast} ${counter.unit}` },
        {
          head: 'Reached',
          cell: (counter) => (counter.escalate ? <span className={css.bad}>Yes: {counter.reason}</span> : 'No'),
        },
      ]}
    />
  );
}

function Happened({ letter: each }: { letter: Whole }) {
  const { queue, dlq, name, sourceId, sessionId, automationId, correlationId, diedAt } = each;
  const ids = { queue, deadLetterQueue: dlq, name, diedAt, sessionId, automationId, correlationId };
  return (
    <div className={css.sheet}>
      <h2>What happened</h2>
      <Facts value={each.kind === 'job' ? { ...ids, jobId: sourceId } : { ...ids, event: sourceId }} />
      <h3>Error</h3>
      <Facts value={each.error} />
      <h3>Attempts</h3>
      {each.attempts.map((attempt, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: attempts are in order and never moved
        <details key={at}>
          <summary>Attempt {String(attempt.attempt ?? at + 1)}</summary>
          <Facts value={attempt} />
        </details>
      ))}
      <h3>Payload</h3>
      <Facts value={each.payload} />
      {Object.keys(each.facts).length > 0 && (
        <>
          <h3>Measured as it died</h3>
          <Facts value={each.facts} />
        </>
      )}
    </div>
  );
}
