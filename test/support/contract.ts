import { Ajv, type ValidateFunction } from 'ajv';

interface Definition {
  type?: string;
  properties?: Record<string, object>;
}

/**
 * Creates a validator for a message of a reference document (Swagger 2.0). Unlike the document, it requires every field
 * and rejects unknown ones.
 *
 * @param definitions the definitions of the document, by name
 */
export function contractOf(definitions: Record<string, Definition>, name: string): ValidateFunction {
  const strict = Object.entries(definitions).map(([key, definition]) => [key, withEveryField(definition)]);
  const ajv = new Ajv({ allErrors: true });
  ajv.addFormat('int32', { type: 'number', validate: (value: number) => (value | 0) === value });
  ajv.addFormat('int64', { validate: (value: string) => BigInt.asIntN(64, BigInt(value)).toString() === value });
  return ajv.compile({ definitions: Object.fromEntries(strict), $ref: `#/definitions/${name}` });
}

function withEveryField(definition: Definition): Definition & { required?: string[]; additionalProperties?: false } {
  const { properties } = definition;
  return properties ? { ...definition, required: Object.keys(properties), additionalProperties: false } : definition;
}
