/** Random label and field selectors, half of them valid, for the objects of test/integration/selectors.test.ts. */
import fc from 'fast-check';

const blank = fc.constantFrom('', '', '', ' ', '\t', ' \n ', '\r');
const key = fc.constantFrom(
  'app',
  'tier',
  'example.com/size',
  'in',
  'notin',
  'A',
  'constructor',
  'toString',
  '__proto__',
  'nothing',
);
const value = fc.constantFrom(
  ...['', 'web', 'db', 'front', 'in', 'notin', '5', '12', '007', 'b_c.d-e', 'x', '9223372036854775807'],
);
const spaced = (...parts: fc.Arbitrary<string>[]) =>
  fc.tuple(...parts.flatMap((part) => [blank, part])).map((all) => all.join(''));
const word = (...words: string[]) => fc.constantFrom(...words);
const values = fc.array(spaced(value, blank), { maxLength: 4 }).map((all) => all.join());

const requirement = fc.oneof(
  spaced(key, blank),
  spaced(word('!'), key, blank),
  spaced(key, word('=', '==', '!=', '<', '>'), value, blank),
  spaced(key, word(' in', ' notin'), word('('), values, word(')'), blank),
);
const labelSelector = fc.array(requirement, { maxLength: 4 }).map((all) => all.join());
const labelPieces = fc.array(
  fc.oneof(
    key,
    value,
    word(
      ...['=', '==', '!=', '!', '<', '>', '(', ')', ',', ' ', ' in ', ' notin ', 'in', '-', '.', '/', 'a/b', 'é', '\\'],
    ),
  ),
  { maxLength: 9 },
);

const field = word('metadata.name', 'metadata.namespace');
const fieldValue = word('', 'web', 'db', 'a.b', 'shop', 'store', 'nowhere', 'Web', 'a\\,b', '\\\\', '\\=');
const term = (one: string, ...its: string[]) =>
  fc.tuple(word('=', '==', '!='), word(...its)).map(([operator, value]) => one + operator + value);
const terms = fc.oneof(
  { weight: 4, arbitrary: term('metadata.name', 'web', 'db', 'a.b', 'nothing') },
  { weight: 4, arbitrary: term('metadata.namespace', 'shop', 'store', 'nowhere') },
  { weight: 2, arbitrary: fc.tuple(field, word('=', '==', '!='), fieldValue).map((all) => all.join('')) },
  { weight: 1, arbitrary: word('', 'spec.replicas=0', 'status.replicas!=1') },
);
const fieldSelector = fc.array(terms, { minLength: 1, maxLength: 3 }).map((all) => all.join());
const fieldPieces = fc.array(
  fc.oneof(field, fieldValue, word('=', '==', '!=', '!', ',', '\\', ' ', 'metadata', 'spec.paused', 'é', '/', '..')),
  { maxLength: 7 },
);

/** @returns a text with a character removed or inserted */
const damaged = (text: fc.Arbitrary<string>) =>
  fc
    .tuple(text, fc.nat(), fc.constantFrom('', '=', '!', ',', '(', ')', ' ', '<', '\\', '-', 'a'))
    .map(([good, place, what]) => {
      const at = place % (good.length + 1);
      return good.slice(0, at) + what + good.slice(what === '' ? at + 1 : at);
    });

/** Half of them are valid. */
const mixed = (good: fc.Arbitrary<string>, pieces: fc.Arbitrary<string[]>) =>
  fc.oneof(
    { weight: 3, arbitrary: good },
    { weight: 2, arbitrary: damaged(good) },
    { weight: 1, arbitrary: pieces.map((all) => all.join('')) },
  );

export const labelSelectors = mixed(labelSelector, labelPieces);
export const fieldSelectors = mixed(fieldSelector, fieldPieces);
