import { useQuery } from '@tanstack/react-query';
import type { Schemas } from '../shared/client';
import { Heading } from '../shared/Layout';
import { Link } from '../shared/Link';
import { withQuery } from '../shared/router';
import { type Column, Table } from '../shared/Table';
import { lasting } from '../shared/time';
import css from '../shared/ui.module.css';
import { When } from '../shared/When';
import { fieldsOf } from './form';
import { Level } from './Level';
import { Panel } from './Panel';
import { commands, queues } from './queries';
import { commandAddress } from './screens';

type Queue = Schemas['QueueOut'];

/** The queues as they are now; asked again every five seconds. */
export function Queues() {
  const asked = useQuery(queues);
  const forQueues = (useQuery(commands).data ?? [])
    .filter((each) => takesOnlyAQueue(each.parameters))
    .map((each) => each.name);
  return (
    <>
      <Heading>Queues</Heading>
      <Panel query={asked} what="Queues">
        {(found) => (
          <Table
            caption="Depth is what waits, runs or is held; the oldest waiting counts jobs that are due."
            columns={columns(forQueues)}
            rows={found}
            keyOf={(each) => each.queue}
            empty="No queue has been seen yet."
          />
        )}
      </Panel>
    </>
  );
}

/** Say whether a queue's name is all that a command asks for; such a command is offered beside each held queue. */
function takesOnlyAQueue(parameters: Record<string, unknown>): boolean {
  const fields = fieldsOf(parameters);
  return (
    fields.some((each) => each.name === 'queue') && fields.every((each) => each.name === 'queue' || !each.required)
  );
}

function columns(forQueues: string[]): Column<Queue>[] {
  return [
    { head: 'Queue', cell: (each) => each.queue },
    {
      head: 'Level',
      cell: (each) => (
        <span>
          <Level level={each.level} />
          {each.levelSince && each.level !== 'normal' && (
            <>
              {' '}
              since <When at={each.levelSince} brief />
            </>
          )}
        </span>
      ),
    },
    { head: 'Depth', cell: (each) => each.depth, number: true },
    {
      head: 'Dead letters',
      cell: (each) =>
        each.deadLetters === 0 ? (
          'none'
        ) : (
          <Link to={withQuery('/ops/dead-letters', { queue: each.queue })} className={css.bad}>
            {each.deadLetters} to judge
          </Link>
        ),
      number: true,
    },
    {
      head: 'Held',
      cell: (each) =>
        each.held === 0 && !each.pausedSince ? (
          'nothing'
        ) : (
          <span>
            {each.held} held
            {each.pausedSince && (
              <>
                , paused <When at={each.pausedSince} brief />
              </>
            )}
            {forQueues.map((name) => (
              <span key={name}>
                {' '}
                <Link to={commandAddress(name, { queue: each.queue })}>{name}</Link>
              </span>
            ))}
          </span>
        ),
    },
    { head: 'Waiting', cell: (each) => each.waiting + each.prioritized, number: true },
    { head: 'Later', cell: (each) => each.delayed, number: true },
    { head: 'Active', cell: (each) => `${each.active} of ${each.concurrency}`, number: true },
    { head: 'Oldest', cell: (each) => (each.oldestWaitingS > 0 ? lasting(each.oldestWaitingS) : 'none'), number: true },
  ];
}
