import { useQuery } from '@tanstack/react-query';
import { Facts } from '../shared/Facts';
import { Heading } from '../shared/Layout';
import ui from '../shared/ui.module.css';
import { When } from '../shared/When';
import { counted } from '../shared/words';
import css from './ops.module.css';
import { Panel } from './Panel';
import { type StoryLine, story } from './queries';

/** Everything that is known of one id, oldest first. */
export function Story({ id }: { id: string }) {
  return (
    <>
      <Heading>{`Story of ${id}`}</Heading>
      <Panel query={useQuery(story(id))} what="Story">
        {(found) => (
          <>
            {found.leftOut > 0 && <p>Left out: {counted(found.leftOut, 'older line')}. `ruach trace` shows more.</p>}
            <details className={ui.sheet}>
              <summary>
                {counted(found.correlationIds.length, 'request')}, {counted(found.automationIds.length, 'automation')},{' '}
                {counted(found.jobIds.length, 'job')}
              </summary>
              <Facts
                value={{
                  correlationIds: found.correlationIds,
                  automationIds: found.automationIds,
                  jobIds: found.jobIds,
                }}
              />
            </details>
            <ol className={css.lines}>
              {found.lines.map((line, at) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: a story only grows at its end
                <li key={at}>
                  <Told line={line} />
                </li>
              ))}
            </ol>
          </>
        )}
      </Panel>
    </>
  );
}

function Told({ line }: { line: StoryLine }) {
  const { at, what, said, facts, ...ids } = line;
  return (
    <>
      <span className={css.at}>
        <When at={at} />
      </span>{' '}
      <span className={css.what}>{what}</span>
      <p>{said}</p>
      {(Object.keys(ids).length > 0 || Object.keys(facts).length > 0) && (
        <details>
          <summary>Ids and facts</summary>
          <Facts value={{ ...ids, ...facts }} />
        </details>
      )}
    </>
  );
}
