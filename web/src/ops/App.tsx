import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Fragment, useRef } from 'react';
import { Dialog, Modal, ModalOverlay } from 'react-aria-components';
import { api, ask, type Schemas } from '../shared/client';
import { Heading, Layout } from '../shared/Layout';
import frame from '../shared/layout.module.css';
import { ProblemPanel } from '../shared/ProblemPanel';
import { placeOf, useAddress } from '../shared/router';
import { SignIn } from '../shared/SignIn';
import { Approvals } from './Approvals';
import { Command } from './Command';
import { Commands } from './Commands';
import { DeadLetters } from './DeadLetters';
import { Events } from './Events';
import { Letter } from './Letter';
import { Queues } from './Queues';
import { me } from './queries';
import { Story } from './Story';
import { LINKS, type Screen, screenOf } from './screens';

const MAY_LOOK = ['operator', 'admin'];

/** Who acts decides what is shown: nobody (sign in), a member (not for you), an operator (the screens). */
export function App() {
  const asked = useQuery(me);
  const address = useAddress();
  const last = useRef<Schemas['Me'] | null>(null);
  const client = useQueryClient();
  const leaving = useMutation({
    mutationFn: () => ask(api.POST('/auth/logout'), true),
    onSuccess: () => {
      last.current = null;
      client.clear();
      client.setQueryData(me.queryKey, null);
    },
  });

  function entered(who: Schemas['Me']) {
    if (last.current && last.current.accountId !== who.accountId) client.clear();
    client.setQueryData(me.queryKey, who);
    void client.invalidateQueries();
  }

  if (asked.data === undefined) {
    return (
      <div className={frame.narrow}>
        <Heading>Operations</Heading>
        {asked.error ? (
          <ProblemPanel what="Who you are" error={asked.error} again={() => void asked.refetch()} />
        ) : (
          <p>Asking…</p>
        )}
      </div>
    );
  }
  if (asked.data !== null) last.current = asked.data;
  const who = last.current;
  if (who === null) {
    return (
      <main className={frame.narrow}>
        <SignIn then={entered} why="Operations of Ruach Studio. You come back to the address that you asked for." />
      </main>
    );
  }
  if (!who.roles.some((each) => MAY_LOOK.includes(each))) {
    return (
      <Layout links={[]} who={who.email} onSignOut={leaving.mutate}>
        <Heading>This is for operators</Heading>
        <p>You are signed in as {who.email}, who is no operator. If you should be one, ask an admin for the role.</p>
      </Layout>
    );
  }
  return (
    <>
      <Layout links={LINKS} who={who.email} onSignOut={leaving.mutate}>
        {leaving.error && <ProblemPanel what="Not signed out" error={leaving.error} />}
        {asked.error && <ProblemPanel what="Who you are" error={asked.error} />}
        <Fragment key={who.accountId}>
          <Shown screen={screenOf(placeOf(address))} />
        </Fragment>
      </Layout>
      {/* above the screen, not in its place: what was typed into a form is still there afterwards */}
      <ModalOverlay isOpen={asked.data === null} className={frame.overlay}>
        <Modal className={frame.dialog}>
          <Dialog aria-label="Sign in">
            <SignIn then={entered} why="Your session is over. Sign in to go on where you are." />
          </Dialog>
        </Modal>
      </ModalOverlay>
    </>
  );
}

function Shown({ screen }: { screen: Screen }) {
  switch (screen.name) {
    case 'queues':
      return <Queues />;
    case 'letters':
      return <DeadLetters query={screen.query} />;
    case 'letter':
      return <Letter key={screen.id} id={screen.id} />;
    case 'commands':
      return <Commands />;
    case 'command':
      return <Command key={screen.command} name={screen.command} params={screen.params} />;
    case 'approvals':
      return <Approvals />;
    case 'events':
      return <Events />;
    case 'story':
      return <Story key={screen.id} id={screen.id} />;
    case 'nothing':
      return (
        <>
          <Heading>There is no such screen</Heading>
          <p>{screen.path} leads nowhere. The ways are above.</p>
        </>
      );
  }
}
