// Turn times and lengths of time into words.

const UNITS: [number, string][] = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
  [1, 's'],
];

/** Return a length of time in its largest unit, with the next one where it matters: `2 h 5 min`, `40 s`. */
export function lasting(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  for (const [at, [size, name]] of UNITS.entries()) {
    if (whole < size && size !== 1) continue;
    const next = UNITS[at + 1];
    const rest = next && size > 60 ? Math.floor((whole % size) / next[0]) : 0;
    return `${Math.floor(whole / size)} ${name}${rest && next ? ` ${rest} ${next[1]}` : ''}`;
  }
  return '0 s';
}

/** Say how long ago (or how soon) an instant is. */
export function ago(at: string, now: number): string {
  const seconds = (now - Date.parse(at)) / 1000;
  if (Math.abs(seconds) < 5) return 'just now';
  return seconds > 0 ? `${lasting(seconds)} ago` : `in ${lasting(-seconds)}`;
}

/** Return an instant as a reader's clock shows it; the day only if it is another one. */
export function clock(at: string, now: number): string {
  const when = new Date(at);
  const time = when.toLocaleTimeString('en-GB');
  return when.toDateString() === new Date(now).toDateString() ? time : `${when.toLocaleDateString('en-CA')} ${time}`;
}
