/** Random specs of AccessKeys: values at the bounds of the CRD, and the values beyond. */
import fc from 'fast-check';
import { type Field, fields, toJson } from './spec-fields.ts';

/** A value that the API server must reject, and the path of its field in the message. */
export interface Beyond {
  path: string;
  set(spec: object): void;
}

/** Every value beyond a bound. */
export const beyondBounds: readonly Beyond[] = fields.flatMap((field) =>
  field.bad.map((value) => ({ path: pathOf(field), set: (spec: object) => set(spec, field.path, value) })),
);

const part = (field: Field) => fc.option(fc.constantFrom(...field.good), { nil: undefined, freq: 2 });

/**
 * Writes a spec within the bounds, and at most one value beyond, as JSON. The user must differ between AccessKeys,
 * otherwise only the oldest of them gets key pairs.
 */
export type BuildSpec = (user: string, beyond?: Beyond) => string;

export const randomSpec: fc.Arbitrary<BuildSpec> = fc.tuple(...fields.map(part)).map((goods) => (user, beyond) => {
  const spec = { user: { name: user }, keyPairs: [{ name: 'main' }] };
  for (const [index, field] of fields.entries()) {
    const good = goods[index];
    if (good !== undefined) set(spec, field.path, typeof good === 'function' ? good(user) : good);
  }
  beyond?.set(spec);
  return toJson(spec);
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
