import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Button, FieldError, Label, TextArea, TextField } from 'react-aria-components';
import { api, ask, type Schemas } from '../shared/client';
import { Facts } from '../shared/Facts';
import { Heading } from '../shared/Layout';
import { Link } from '../shared/Link';
import { ProblemPanel } from '../shared/ProblemPanel';
import { Table } from '../shared/Table';
import css from '../shared/ui.module.css';
import { When } from '../shared/When';
import { Panel } from './Panel';
import { confirmations, me } from './queries';
import { storyAddress } from './screens';

type Confirmation = Schemas['ConfirmationOut'];

/** What waits for a second operator, and what was decided. */
export function Approvals() {
  const waiting = useQuery(confirmations(true));
  const every = useQuery(confirmations(false));
  const [said, setSaid] = useState('');
  return (
    <>
      <Heading>Approvals</Heading>
      <p role="status">{said}</p>
      <Panel query={waiting} what="Waiting">
        {(found) =>
          found.length === 0 ? (
            <p>Nothing waits.</p>
          ) : (
            found.map((each) => <Waiting key={each.id} asked={each} onDecided={setSaid} />)
          )
        }
      </Panel>
      <h2>Decided</h2>
      <Panel query={every} what="Decided">
        {(found) => (
          <Table
            caption="Newest first"
            rows={found.filter((each) => each.state !== 'pending')}
            keyOf={(each) => each.id}
            empty="Nothing yet."
            columns={[
              { head: 'Command', cell: (each) => <Link to={storyAddress(each.id)}>{each.command}</Link> },
              { head: 'State', cell: (each) => each.state },
              { head: 'Asked by', cell: (each) => each.requestedByEmail ?? each.requestedAs },
              { head: 'Reason', cell: (each) => each.reason },
              { head: 'Decided', cell: (each) => (each.decidedAt ? <When at={each.decidedAt} /> : 'no') },
              { head: 'Said', cell: (each) => each.decisionReason || 'nothing' },
            ]}
          />
        )}
      </Panel>
    </>
  );
}

function Waiting({ asked, onDecided }: { asked: Confirmation; onDecided: (said: string) => void }) {
  const [reason, setReason] = useState('');
  const [isSilent, setSilent] = useState(false);
  const client = useQueryClient();
  const isOwn = useQuery(me).data?.accountId === asked.requestedBy;
  const path = { confirmation_id: asked.id };
  const deciding = useMutation({
    mutationFn: async (verb: 'confirm' | 'reject'): Promise<unknown> =>
      verb === 'confirm'
        ? ask(api.POST('/ops/confirmations/{confirmation_id}/confirm', { params: { path }, body: { reason } }), true)
        : ask(api.POST('/ops/confirmations/{confirmation_id}/reject', { params: { path }, body: { reason } }), true),
    onSuccess: (_, verb) => onDecided(`${asked.command} is ${verb === 'confirm' ? 'confirmed and done' : 'rejected'}.`),
    onSettled: () => client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== 'me' }),
  });
  function decide(verb: 'confirm' | 'reject') {
    const needsReason = verb === 'reject' && reason.trim() === '';
    setSilent(needsReason);
    if (!needsReason) deciding.mutate(verb);
  }
  return (
    <article className={css.sheet} aria-label={asked.command}>
      <h2>{asked.command}</h2>
      <p>
        {asked.requestedByEmail ?? asked.requestedAs} asked <When at={asked.requestedAt} />: “{asked.reason}”. It runs
        out <When at={asked.expiresAt} />.
      </p>
      <h3>With</h3>
      <Facts value={asked.params} />
      <h3>It would do</h3>
      <Facts value={asked.preview} />
      {isOwn && (
        <p className={css.bad}>
          You asked for this yourself: a different operator has to confirm it. You may take it back.
        </p>
      )}
      <TextField className={css.field} value={reason} onChange={setReason} isInvalid={isSilent}>
        <Label>{isOwn ? 'Why you take it back' : 'What you say to it (a rejection needs a reason)'}</Label>
        <TextArea rows={2} />
        <FieldError className={css.wrong}>Say why not.</FieldError>
      </TextField>
      {deciding.error && <ProblemPanel what="Not decided" error={deciding.error} />}
      <div className={css.row}>
        {!isOwn && (
          <Button className={css.main} isDisabled={deciding.isPending} onPress={() => decide('confirm')}>
            Confirm and run
          </Button>
        )}
        <Button className={css.button} isDisabled={deciding.isPending} onPress={() => decide('reject')}>
          {isOwn ? 'Take it back' : 'Reject'}
        </Button>
      </div>
    </article>
  );
}
