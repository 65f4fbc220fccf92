import type { ReactNode } from 'react';
import css from './ui.module.css';

/** Names and what is said of each, in order. */
export function FactList({ rows }: { rows: readonly (readonly [name: string, said: ReactNode])[] }) {
  return (
    <dl className={css.facts}>
      {rows.map(([name, said], at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows are in order and never moved, and two may have one name
        <div key={at}>
          <dt>{name}</dt>
          <dd>{said}</dd>
        </div>
      ))}
    </dl>
  );
}
