import { ago, clock } from './time';

/** An instant: the clock, and how long ago; the whole of it on hover. */
export function When({ at, brief = false }: { at: string; brief?: boolean }) {
  const now = Date.now();
  return (
    <time dateTime={at} title={new Date(at).toISOString()}>
      {brief ? ago(at, now) : `${clock(at, now)} (${ago(at, now)})`}
    </time>
  );
}
