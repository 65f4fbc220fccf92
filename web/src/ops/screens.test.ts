import { expect, test } from 'vitest';
import { placeOf, withQuery } from '../shared/router';
import { commandAddress, screenOf, storyAddress } from './screens';

const at = (address: string) => screenOf(placeOf(`/studio${address}`));

test('each address names its screen, with and without a slash at the end', () => {
  expect(at('/')).toEqual({ name: 'queues' });
  expect(at('/ops/')).toEqual({ name: 'queues' });
  expect(at('/ops/dead-letters?queue=x')).toMatchObject({ name: 'letters' });
  expect(at('/ops/dead-letters/5f0c')).toEqual({ name: 'letter', id: '5f0c' });
  expect(at('/ops/approvals')).toEqual({ name: 'approvals' });
  expect(at('/ops/story/a%2Fb')).toEqual({ name: 'story', id: 'a/b' });
  expect(at('/ops/story/%E0%A4%A')).toEqual({ name: 'story', id: '%E0%A4%A' });
  for (const each of ['/x', '/ops/x', '/ops/x/y', '/ops/story/a/b', '/ops/story'])
    expect(at(each).name).toBe('nothing');
});

test('a command comes with its parameters, and nonsense in the address is no parameter', () => {
  const params = { renderJobId: 'a&b=c', list: ['x y'] };
  expect(at(commandAddress('render.retry', params))).toEqual({ name: 'command', command: 'render.retry', params });
  expect(at('/ops/commands/render.retry?params=[1]')).toMatchObject({ params: {} });
  expect(at('/ops/commands/render.retry?params={')).toMatchObject({ params: {} });
  expect(commandAddress('a')).toBe('/ops/commands/a');
  expect(at(storyAddress('a?b'))).toEqual({ name: 'story', id: 'a?b' });
});

test('a query holds only what says something', () => {
  expect(withQuery('/ops', { queue: 'a b', cause: '', state: null })).toBe('/ops?queue=a+b');
  expect(withQuery('/ops', {})).toBe('/ops');
});
