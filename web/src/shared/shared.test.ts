import { expect, test } from 'vitest';
import { asProblem, isSignedOut, problemOf, unreachable } from './problem';
import { waitMs } from './stream';
import { ago, lasting } from './time';
import { counted, words } from './words';

test('lengths of time in words', () => {
  expect([0, 59.6, 61, 3600, 7500, 90_000].map(lasting)).toEqual([
    '0 s',
    '1 min',
    '1 min',
    '1 h',
    '2 h 5 min',
    '1 d 1 h',
  ]);
  const now = Date.parse('2026-11-27T22:00:00Z');
  expect(ago('2026-11-27T21:57:00Z', now)).toBe('3 min ago');
  expect(ago('2026-11-28T21:00:00Z', now)).toBe('in 23 h');
  expect(ago('2026-11-27T22:00:02Z', now)).toBe('just now');
});

test('names of the wire in words', () => {
  expect(['renderJobId', 'step', 'full_16_9', 'render-jobs', 'ID'].map(words)).toEqual([
    'Render job id',
    'Step',
    'full_16_9',
    'render-jobs',
    'ID',
  ]);
});

test('one is one, none are many', () => {
  expect([0, 1, 2].map((count) => counted(count, 'job'))).toEqual(['0 jobs', '1 job', '2 jobs']);
});

test('a problem document keeps its words, its id and how long to wait', () => {
  const headers = new Headers({ 'retry-after': '300', 'x-correlation-id': 'from-the-header' });
  const body = {
    title: 'Away.',
    detail: 'the database',
    remedy: 'Wait.',
    code: 'unavailable',
    subject: '',
    correlationId: 'c',
  };
  expect(problemOf({ status: 503, headers }, body).facts).toMatchObject({ ...body, status: 503, retryAfterS: 300 });
  const bare = problemOf({ status: 502, headers }, '<html>Bad gateway</html>').facts;
  expect(bare).toMatchObject({
    title: 'The service answered 502.',
    code: 'http_502',
    correlationId: 'from-the-header',
  });
});

test('no answer after a change does not claim that nothing happened', () => {
  expect(unreachable(true).facts.detail).toContain('not known');
  expect(asProblem(new Error('x is undefined')).facts).toMatchObject({ code: 'page', detail: 'x is undefined' });
  expect(isSignedOut(problemOf({ status: 401, headers: new Headers() }, null))).toBe(true);
  expect(isSignedOut(unreachable(false))).toBe(false);
});

test('a stream that fails is asked for again, less and less often, and never not', () => {
  expect([1, 2, 3, 4, 5, 6, 100].map(waitMs)).toEqual([1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
});
