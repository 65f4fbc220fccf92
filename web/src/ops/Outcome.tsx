import { Button } from 'react-aria-components';
import type { Schemas } from '../shared/client';
import { Facts } from '../shared/Facts';
import { Link } from '../shared/Link';
import css from '../shared/ui.module.css';
import { When } from '../shared/When';
import { storyAddress } from './screens';

type Given = Schemas['OutcomeOut'];

/** What a dry run says would happen. */
export function Preview({ outcome }: { outcome: Given }) {
  return (
    <div role="status" className={css.warning}>
      <h2>This would happen; nothing has yet</h2>
      <Facts value={outcome.result} />
    </div>
  );
}

/** What became of a run: done, or it waits for a second operator. */
export function Outcome({ outcome, again }: { outcome: Given; again: () => void }) {
  const waiting = outcome.confirmation;
  return (
    <div role="status" className={waiting ? css.warning : css.done}>
      {waiting ? (
        <>
          <h2>It waits for a second operator</h2>
          <p>
            Nothing has been done. Another operator confirms it under <Link to="/ops/approvals">Approvals</Link> until{' '}
            <When at={waiting.expiresAt} />.
          </p>
        </>
      ) : (
        <h2>{outcome.command} is done</h2>
      )}
      <Facts value={outcome.result} />
      {outcome.automationId && (
        <p>
          In the audit as{' '}
          <Link to={storyAddress(outcome.automationId)} className={css.id}>
            {outcome.automationId}
          </Link>
          .
        </p>
      )}
      <Button className={css.button} onPress={again}>
        Back to the form
      </Button>
    </div>
  );
}
