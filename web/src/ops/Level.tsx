import css from './ops.module.css';

const SHAPES: Record<string, string> = { normal: '●', warning: '▲', degraded: '◆', shedding: '■' };

/** A backpressure level: shape, word, then colour. */
export function Level({ level }: { level: string }) {
  return (
    <span className={css.level} data-level={level}>
      <span aria-hidden="true">{SHAPES[level] ?? '○'}</span> {level}
    </span>
  );
}
