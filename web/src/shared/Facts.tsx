import { FactList } from './FactList';
import { Link } from './Link';
import css from './ui.module.css';
import { When } from './When';
import { words } from './words';

// Ids that `GET /ops/trace/{id}` knows.
const TOLD = /((correlation|automation|renderJob|job|session|enrollment)Ids?|retryOf)$/i;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
const DEPTH_MAX = 3;

/** Any JSON as a list of names and values; ids lead to their stories. */
export function Facts({ value, name = '', depth = 0 }: { value: unknown; name?: string; depth?: number }) {
  if (value === null || value === undefined || value === '') return <span className={css.faint}>none</span>;
  if (typeof value === 'string' && TOLD.test(name)) {
    return (
      <Link to={`/ops/story/${encodeURIComponent(value)}`} className={css.id}>
        {value}
      </Link>
    );
  }
  if (typeof value === 'string' && INSTANT.test(value)) return <When at={value} />;
  if (typeof value === 'string' && value.includes('\n')) return <pre>{value}</pre>;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value !== 'object') return <span className={css.value}>{String(value)}</span>;
  if (Array.isArray(value)) {
    if (value.length === 0) return <span className={css.faint}>none</span>;
    return (
      <ul className={css.list}>
        {value.map((each, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: JSON has no other key, and nothing is moved
          <li key={at}>
            <Facts value={each} name={name} depth={depth + 1} />
          </li>
        ))}
      </ul>
    );
  }
  const pairs = Object.entries(value);
  if (pairs.length === 0) return <span className={css.faint}>none</span>;
  if (depth >= DEPTH_MAX) return <pre>{JSON.stringify(value, null, 1)}</pre>;
  const rows = pairs.map(
    ([key, each]) => [words(key), <Facts key={key} value={each} name={key} depth={depth + 1} />] as const,
  );
  return <FactList rows={rows} />;
}
