// Turn the JSON schema of a command's parameters into fields, and what was typed into parameters.
//
// Nothing here knows a command: what the service registers tomorrow appears by itself. A schema that this cannot draw
// becomes a field for JSON, so that no command is out of reach.

import { words } from '../shared/words';

export type Kind = 'text' | 'integer' | 'number' | 'check' | 'choice' | 'lines' | 'choices' | 'json';
export type Field = {
  name: string;
  label: string;
  help: string;
  kind: Kind;
  required: boolean;
  options: string[];
  initial: Value;
};
export type Value = string | boolean | string[];
export type Values = Record<string, Value>;
type Schema = Record<string, unknown>;

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const YES_NO = ['yes', 'no'];

/** Return the fields in the order of the schema. */
export function fieldsOf(parameters: Schema): Field[] {
  const required = new Set(Array.isArray(parameters.required) ? parameters.required : []);
  const properties = isSchema(parameters.properties) ? parameters.properties : {};
  return Object.entries(properties).map(([name, given]) => {
    const schema = plain(given, parameters);
    const found = kindOf(schema, parameters, required.has(name));
    const initial = typed(schema.default, found.kind);
    return { name, label: words(name), help: helpOf(schema), required: required.has(name), ...found, initial };
  });
}

/** Return what the fields hold at first: `params` (of a link) where it has something, else the defaults. */
export function valuesOf(fields: Field[], params: Record<string, unknown>): Values {
  return Object.fromEntries(
    fields.map((field) => [field.name, field.name in params ? typed(params[field.name], field.kind) : field.initial]),
  );
}

/** Return the parameters on the wire, and what is wrong by field. What was left empty is left out. */
export function paramsOf(
  fields: Field[],
  values: Values,
): { params: Record<string, unknown>; wrong: Record<string, string> } {
  const params: Record<string, unknown> = {};
  const wrong: Record<string, string> = {};
  for (const field of fields) {
    const value = values[field.name] ?? field.initial;
    if (isEmpty(value)) {
      if (field.required) wrong[field.name] = 'This is needed.';
      continue;
    }
    try {
      params[field.name] = read(value, field);
    } catch (error) {
      wrong[field.name] = error instanceof Error ? error.message : String(error);
    }
  }
  return { params, wrong };
}

/** Return the schema without its detours: a reference, one way of `allOf`, the other side of "or null". */
function plain(given: unknown, root: Schema): Schema {
  if (!isSchema(given)) return {};
  if (typeof given.$ref === 'string') {
    const found = given.$ref
      .replace(/^#\//, '')
      .split('/')
      .reduce<unknown>((at, step) => (isSchema(at) ? at[step] : undefined), root);
    return { ...plain(found, root), ...without(given, '$ref') };
  }
  for (const way of ['anyOf', 'oneOf', 'allOf'] as const) {
    const ways = Array.isArray(given[way]) ? given[way].filter((each) => !isSchema(each) || each.type !== 'null') : [];
    if (ways.length === 1) return { ...plain(ways[0], root), ...without(given, way) };
  }
  if (Array.isArray(given.type) && given.type.length === 2 && given.type.includes('null')) {
    return { ...given, type: given.type.find((each) => each !== 'null') };
  }
  return given;
}

function without(schema: Schema, name: string): Schema {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => key !== name));
}

function kindOf(schema: Schema, root: Schema, required: boolean): { kind: Kind; options: string[] } {
  const options = optionsOf(schema);
  if (options) return { kind: 'choice', options };
  if (schema.type === 'boolean') {
    // left alone, an optional one must stay what the service makes of it
    const open = !required && typeof schema.default !== 'boolean';
    return open ? { kind: 'choice', options: YES_NO } : { kind: 'check', options: [] };
  }
  if (schema.type === 'integer' || schema.type === 'number') return { kind: schema.type, options: [] };
  if (schema.type === 'string') return { kind: 'text', options: [] };
  if (schema.type === 'array') {
    const items = plain(schema.items, root);
    const each = optionsOf(items);
    if (each) return { kind: 'choices', options: each };
    if (items.type === 'string') return { kind: 'lines', options: [] };
  }
  return { kind: 'json', options: [] };
}

function optionsOf(schema: Schema): string[] | null {
  if (typeof schema.const === 'string') return [schema.const];
  const every = Array.isArray(schema.enum) ? schema.enum : [];
  return every.length > 0 && every.every((each) => typeof each === 'string') ? (every as string[]) : null;
}

function helpOf(schema: Schema): string {
  const said = [typeof schema.description === 'string' ? schema.description : ''];
  if (schema.format === 'uuid4' || schema.format === 'uuid') said.push('An id (UUID).');
  if (typeof schema.minimum === 'number') said.push(`At least ${schema.minimum}.`);
  if (typeof schema.exclusiveMinimum === 'number') said.push(`More than ${schema.exclusiveMinimum}.`);
  if (typeof schema.maximum === 'number') said.push(`At most ${schema.maximum}.`);
  if (typeof schema.maxItems === 'number') said.push(`At most ${schema.maxItems} of them.`);
  return said.filter(Boolean).join(' ');
}

function typed(value: unknown, kind: Kind): Value {
  if (kind === 'check') return value === true;
  if (kind === 'choices') return Array.isArray(value) ? value.map(String) : [];
  if (value === null || value === undefined) return '';
  if (kind === 'lines') return Array.isArray(value) ? value.map(String).join('\n') : String(value);
  if (kind === 'json') return JSON.stringify(value, null, 1);
  return typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value);
}

const isEmpty = (value: Value): boolean =>
  typeof value === 'string' ? value.trim() === '' : Array.isArray(value) && !value.length;

function read(value: Value, { kind, options }: Field): unknown {
  if (typeof value !== 'string') return value;
  const text = value.trim();
  if (kind === 'choice' && options === YES_NO) return text === 'yes';
  if (kind === 'lines')
    return text
      .split('\n')
      .map((each) => each.trim())
      .filter(Boolean);
  if (kind === 'integer' || kind === 'number') {
    const number = Number(text.replace(',', '.'));
    if (!Number.isFinite(number)) throw new Error('This is no number.');
    if (kind === 'integer' && !Number.isSafeInteger(number)) throw new Error('This is no whole number.');
    return number;
  }
  if (kind === 'json') {
    try {
      return JSON.parse(text);
    } catch {
      throw new Error('This is no JSON.');
    }
  }
  return text;
}
