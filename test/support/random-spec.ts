/** Random specs of AccessKeys: values at the bounds of the CRD, and at most one value beyond a bound. */
import fc from 'fast-check';
import { type Field, fields, toJson } from './spec-fields.ts';

/** A spec as JSON, and the field that is out of bounds, if there is one. */
export interface RandomSpec {
  json: string;
  bad: string | undefined;
}

const part = (field: Field) => fc.option(fc.constantFrom(...field.good), { nil: undefined, freq: 2 });
const badPart = fc.constantFrom(...fields.flatMap((field) => field.bad.map((value) => ({ field, value }))));

/** @param user must differ between AccessKeys, otherwise only the oldest of them gets key pairs */
export const randomSpec: fc.Arbitrary<(user: string) => RandomSpec> = fc
  .record({ goods: fc.tuple(...fields.map(part)), beyond: fc.option(badPart, { nil: undefined, freq: 2 }) })
  .map(({ goods, beyond }) => (user) => {
    const spec = { user: { name: user }, keyPairs: [{ name: 'main' }] };
    for (const [index, field] of fields.entries()) {
      const good = goods[index];
      if (good !== undefined) set(spec, field.path, typeof good === 'function' ? good(user) : good);
    }
    if (beyond) set(spec, beyond.field.path, beyond.value);
    return { json: toJson(spec), bad: beyond && pathOf(beyond.field) };
  });

/** How the API server writes the path in a message, for example `spec.keyPairs[0].name`. */
function pathOf({ path }: Field): string {
  return path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).reduce((a, b) => a + b, 'spec');
}

function set(object: object, [step = '', ...rest]: Field['path'], value: unknown): void {
  const parent = object as Record<string | number, unknown>;
  if (rest.length === 0) {
    parent[step] = value;
    return;
  }
  parent[step] ??= {};
  set(parent[step] as object, rest, value);
}
