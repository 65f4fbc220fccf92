import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ProblemPanel } from '../shared/ProblemPanel';

type Props<T> = { query: UseQueryResult<T>; what: string; children: (data: T) => ReactNode };

/** One answer in its own place: its problem when there is one, and below it what was known before. */
export function Panel<T>({ query, what, children }: Props<T>) {
  const { data, error, dataUpdatedAt, refetch } = query;
  return (
    <section aria-label={what} aria-busy={query.isPending}>
      {error && (
        <ProblemPanel
          what={what}
          error={error}
          again={() => void refetch()}
          {...(data === undefined ? {} : { since: dataUpdatedAt })}
        />
      )}
      {data !== undefined ? children(data) : !error && <p>Asking…</p>}
    </section>
  );
}
