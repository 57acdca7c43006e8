import { Ajv, type ValidateFunction } from 'ajv';
import fields from '../fixtures/kpanda-deployment-fields.json' with { type: 'json' };

const scalars: Record<string, object> = {
  string: { type: 'string' },
  boolean: { type: 'boolean' },
  int32: { type: 'integer', minimum: -(2 ** 31), maximum: 2 ** 31 - 1 },
  int64: { type: 'string', pattern: '^(0|-?[1-9][0-9]{0,18})$' },
};

/** JSON Schema of a type of the fixture, see its README. An unset message may be null. */
function schemaOf(type: string): object {
  const [, kind = type, inner = ''] = /^(\w+)<(.*)>$/.exec(type) ?? [];
  if (kind === 'array') return { type: 'array', items: schemaOf(inner) };
  if (kind === 'map') return { type: 'object', additionalProperties: schemaOf(inner) };
  if (kind === 'enum') return { enum: inner.split('|') };
  return scalars[kind] ?? { anyOf: [{ type: 'null' }, { $ref: `#/definitions/${kind}` }] };
}

/** Requires every field with its type, and no others. */
const messageOf = (definition: Record<string, string>) => ({
  type: 'object',
  required: Object.keys(definition),
  properties: Object.fromEntries(Object.entries(definition).map(([name, type]) => [name, schemaOf(type)])),
  additionalProperties: false,
});

/** Creates a validator for a message of the kpanda API v0.49.0. */
export function kpandaContract(name: keyof typeof fields): ValidateFunction {
  const all: Record<string, Record<string, string>> = fields;
  const definitions = Object.fromEntries(Object.entries(all).map(([key, value]) => [key, messageOf(value)]));
  return new Ajv({ allErrors: true }).compile({ definitions, $ref: `#/definitions/${name}` });
}
