import type { ReactNode } from 'react';
import css from './table.module.css';

export type Column<Row> = { head: string; cell: (row: Row) => ReactNode; number?: boolean };
type Props<Row> = {
  caption: string;
  columns: Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string;
  empty: string;
};

/** A table that becomes a list of cards on a narrow screen; the roles are written out since CSS takes them away there. */
export function Table<Row>({ caption, columns, rows, keyOf, empty }: Props<Row>) {
  if (rows.length === 0) return <p>{empty}</p>;
  const [first, ...others] = columns;
  return (
    // biome-ignore-start lint/a11y/noRedundantRoles: display: block takes a table's roles away
    <table role="table" className={css.table}>
      <caption>{caption}</caption>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map((each) => (
            <th key={each.head} role="columnheader" scope="col" className={each.number ? css.number : undefined}>
              {each.head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row) => (
          <tr role="row" key={keyOf(row)}>
            <th role="rowheader" scope="row">
              {first?.cell(row)}
            </th>
            {others.map((each) => (
              <td role="cell" key={each.head} data-head={each.head} className={each.number ? css.number : undefined}>
                {each.cell(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
    // biome-ignore-end lint/a11y/noRedundantRoles: display: block takes a table's roles away
  );
}
