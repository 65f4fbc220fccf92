import { Button } from 'react-aria-components';
import { Copy } from './Copy';
import { asProblem } from './problem';
import { lasting } from './time';
import css from './ui.module.css';

type Props = { error: unknown; what: string; again?: () => void; since?: number };

/** What went wrong, in its own place: title, detail, remedy, the id to report. `since`: when the data below was fetched. */
export function ProblemPanel({ error, what, again, since }: Props) {
  const { code, title, detail, remedy, subject, correlationId, retryAfterS, status } = asProblem(error).facts;
  if (code === 'unauthenticated') return null; // then the sign-in lies over the screen
  return (
    <div role="alert" className={css.problem}>
      <h2>
        {what}: {title}
      </h2>
      {detail && (
        <p>
          {detail}
          {subject && !detail.includes(subject) ? ` (${subject})` : ''}
        </p>
      )}
      {remedy && !detail.includes(remedy) && <p>{remedy}</p>}
      {status === 503 && retryAfterS !== null && (
        <p>The service asks to wait {lasting(retryAfterS)} before the next try.</p>
      )}
      {since ? <p>What is shown below is of {new Date(since).toLocaleTimeString('en-GB')}.</p> : null}
      {correlationId && (
        <p>
          Correlation id: <Copy text={correlationId} name="correlation id" />
        </p>
      )}
      {again && (
        <Button className={css.button} onPress={again}>
          Try again
        </Button>
      )}
    </div>
  );
}
