import { useQuery } from '@tanstack/react-query';
import type { Schemas } from '../shared/client';
import { Heading } from '../shared/Layout';
import { Link } from '../shared/Link';
import { Table } from '../shared/Table';
import { Panel } from './Panel';
import { commands } from './queries';
import { commandAddress } from './screens';

type Command = Schemas['CommandOut'];

/** The recovery commands, as the service lists them; there are no others. */
export function Commands() {
  return (
    <>
      <Heading>Recovery commands</Heading>
      <p>These are the only ones. What is not here needs a change of code, not improvisation.</p>
      <Panel query={useQuery(commands)} what="Commands">
        {(found) => (
          <Table
            caption="Each opens a form; nothing runs before you say so there."
            rows={found}
            keyOf={(each: Command) => each.name}
            empty="This process has none."
            columns={[
              { head: 'Command', cell: (each) => <Link to={commandAddress(each.name)}>{each.name}</Link> },
              { head: 'Pillar', cell: (each) => each.pillar },
              { head: 'When to use', cell: (each) => each.whenToUse },
              { head: 'Side effects', cell: (each) => each.sideEffects },
              {
                head: 'Second operator',
                cell: (each) => (each.needsSecondOperator ? each.secondOperatorWhen : 'not needed'),
              },
              { head: 'Roles', cell: (each) => each.roles.join(', ') },
            ]}
          />
        )}
      </Panel>
    </>
  );
}
