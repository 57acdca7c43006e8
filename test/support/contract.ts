import { Ajv, type ValidateFunction } from 'ajv';
import { expect } from 'vitest';
import ghippo from '../fixtures/ghippo-user-definitions.json' with { type: 'json' };

interface Definition {
  type?: string;
  properties?: Record<string, object>;
}

/**
 * Creates a validator for a message of a reference document (Swagger 2.0). Unlike the document, it requires every field
 * and rejects unknown ones.
 *
 * @param definitions the definitions of the document, by name
 * @param knownFields of some definitions: the fields to require; the others must be absent
 */
export function contractOf(
  definitions: Record<string, Definition>,
  name: string,
  knownFields: Record<string, readonly string[]> = {},
): ValidateFunction {
  const strict = Object.entries(definitions).map(([key, definition]) => [
    key,
    withEveryField(withFields(definition, knownFields[key])),
  ]);
  const ajv = new Ajv({ allErrors: true });
  ajv.addFormat('int32', { type: 'number', validate: (value: number) => (value | 0) === value });
  ajv.addFormat('int64', { validate: (value: string) => BigInt.asIntN(64, BigInt(value)).toString() === value });
  return ajv.compile({ definitions: Object.fromEntries(strict), $ref: `#/definitions/${name}` });
}

/** Requires that a message of the ghippo API has exactly the fields of the reference document. */
export function expectContract(name: string, message: unknown): void {
  const check = contractOf(ghippo.definitions, name);
  check(message);
  expect(check.errors).toBeNull();
}

function withFields(definition: Definition, fields: readonly string[] | undefined): Definition {
  if (!fields) return definition;
  const known = Object.entries(definition.properties ?? {}).filter(([name]) => fields.includes(name));
  return { ...definition, properties: Object.fromEntries(known) };
}

function withEveryField(definition: Definition): Definition & { required?: string[]; additionalProperties?: false } {
  const { properties } = definition;
  return properties ? { ...definition, required: Object.keys(properties), additionalProperties: false } : definition;
}
