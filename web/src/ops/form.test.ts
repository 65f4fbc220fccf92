import { expect, test } from 'vitest';
import { fieldsOf, paramsOf, valuesOf } from './form';

// A command that no code of these pages knows, as pydantic writes its parameters.
const TOMORROW = {
  description: 'What the tide needs.',
  type: 'object',
  required: ['seaId', 'strength', 'moon', 'urgent'],
  $defs: { Coast: { enum: ['north', 'south'], type: 'string' } },
  properties: {
    seaId: { format: 'uuid4', title: 'Seaid', type: 'string' },
    strength: { minimum: 1, maximum: 12, title: 'Strength', type: 'integer' },
    moon: { enum: ['new', 'full'], title: 'Moon', type: 'string' },
    urgent: { title: 'Urgent', type: 'boolean' },
    quiet: { anyOf: [{ type: 'boolean' }, { type: 'null' }], default: null },
    loud: { type: 'boolean', default: true },
    heightM: { anyOf: [{ exclusiveMinimum: 0, type: 'number' }, { type: 'null' }], default: null },
    harbours: { anyOf: [{ items: { type: 'string' }, maxItems: 50, type: 'array' }, { type: 'null' }], default: null },
    coasts: { items: { $ref: '#/$defs/Coast' }, type: 'array', default: [] },
    coast: { $ref: '#/$defs/Coast', description: 'Which side.' },
    mapping: { anyOf: [{ type: 'object', additionalProperties: { type: 'array' } }, { type: 'null' }], default: null },
  },
};
const fields = fieldsOf(TOMORROW);
const SEA = '5f0c3a52-0c3b-4a53-9d1c-0f3f6f0d6b01';

test('a schema becomes fields: string, whole number, choice, check, optional ones, lists, references, anything else', () => {
  expect(Object.fromEntries(fields.map((each) => [each.name, each.kind]))).toEqual({
    seaId: 'text',
    strength: 'integer',
    moon: 'choice',
    urgent: 'check',
    quiet: 'choice',
    loud: 'check',
    heightM: 'number',
    harbours: 'lines',
    coasts: 'choices',
    coast: 'choice',
    mapping: 'json',
  });
  expect(fields.filter((each) => each.required).map((each) => each.name)).toEqual(TOMORROW.required);
  const named = Object.fromEntries(fields.map((each) => [each.name, each]));
  expect(named.seaId?.label).toBe('Sea id');
  expect(named.moon?.options).toEqual(['new', 'full']);
  expect(named.coasts?.options).toEqual(['north', 'south']);
  expect(named.coast?.options).toEqual(['north', 'south']);
  expect(named.coast?.help).toBe('Which side.');
  expect(named.strength?.help).toBe('At least 1. At most 12.');
  expect(named.harbours?.help).toBe('At most 50 of them.');
  expect([named.loud?.initial, named.urgent?.initial]).toEqual([true, false]);
});

test('what is left empty is left out, and what is needed is said by its field', () => {
  const { params, wrong } = paramsOf(fields, valuesOf(fields, {}));
  expect(params).toEqual({ urgent: false, loud: true });
  expect(Object.keys(wrong)).toEqual(['seaId', 'strength', 'moon']);
});

test('what was typed goes out as the schema wants it', () => {
  const typed = {
    ...valuesOf(fields, { seaId: SEA, moon: 'full' }),
    strength: ' 7 ',
    urgent: true,
    quiet: 'no',
    heightM: '1,5',
    harbours: 'Ems\n\n Elbe ',
    coasts: ['south'],
    mapping: '{"a": ["b"]}',
  };
  expect(paramsOf(fields, typed)).toEqual({
    params: {
      seaId: SEA,
      strength: 7,
      moon: 'full',
      urgent: true,
      quiet: false,
      loud: true,
      heightM: 1.5,
      harbours: ['Ems', 'Elbe'],
      coasts: ['south'],
      mapping: { a: ['b'] },
    },
    wrong: {},
  });
});

test('what cannot be read is said and not sent', () => {
  const typed = { ...valuesOf(fields, { seaId: SEA, moon: 'new' }), strength: '7.5', heightM: 'high', mapping: '{a' };
  expect(paramsOf(fields, typed).wrong).toEqual({
    strength: 'This is no whole number.',
    heightM: 'This is no number.',
    mapping: 'This is no JSON.',
  });
});

test('a link fills in lists and JSON as they are typed', () => {
  const values = valuesOf(fields, {
    harbours: ['Ems', 'Elbe'],
    mapping: { a: [] },
    strength: 3,
    quiet: false,
    unknown: 1,
  });
  expect(values).toMatchObject({ harbours: 'Ems\nElbe', strength: '3', quiet: 'no' });
  expect(paramsOf(fields, values).params).toMatchObject({
    harbours: ['Ems', 'Elbe'],
    mapping: { a: [] },
    quiet: false,
  });
  expect('unknown' in values).toBe(false);
});

test('a command without parameters has no fields', () => {
  expect(fieldsOf({ type: 'object', properties: {} })).toEqual([]);
  expect(fieldsOf({})).toEqual([]);
});
