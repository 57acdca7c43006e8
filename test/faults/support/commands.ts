import fc from 'fast-check';

/** The AccessKeys of a sequence. ann and cat name the same user, which only one of them can hold. */
export const names = ['ann', 'bob', 'cat'] as const;
export type Name = (typeof names)[number];
export type PairName = 'main' | 'second';

interface OfPair {
  of: Name;
  pair: PairName;
}

/** An event in the cluster. Commands are JSON, so that a printed sequence can be repeated. */
export type Command =
  | { do: 'create'; of: Name; pairs: PairName[] }
  | { do: 'delete' | 'suspend' | 'resume'; of: Name }
  | ({ do: 'add' | 'remove' | 'raise' | 'lower' | 'disable' | 'enable' } & OfPair)
  | ({ do: 'loseSecret' | 'breakSecret' } & OfPair)
  | ({ do: 'rename'; to: 'default' | 'moved' | 'taken' } & OfPair)
  | ({ do: 'relabel'; team: 'red' | 'blue' } & OfPair)
  | ({ do: 'rekey'; custom: boolean } & OfPair)
  | ({ do: 'expire'; inHours: number | null } & OfPair)
  | ({ do: 'rotation'; rotation: { interval?: string; overlap?: string; maxOverlap?: string } | null } & OfPair)
  | ({ do: 'token'; token: { key?: string; validFor?: string } | null } & OfPair)
  | ({ do: 'strip'; what: 'labels' | 'annotations' } & OfPair)
  | { do: 'takeName' | 'freeName'; of: Name; name: PairName | 'taken' }
  | { do: 'kill'; staysDown: boolean }
  | { do: 'faults'; on: boolean }
  | { do: 'advance'; hours: number; whileDown: boolean }
  | { do: 'restartApiServer' | 'settle' };

const of = fc.constantFrom(...names);
const pair = fc.constantFrom<PairName>('main', 'second');
const pairs = fc.constantFrom<PairName[]>(['main'], ['second', 'main'], ['main', 'second']);
const rotation = fc.constantFrom(
  null,
  { interval: '2h' },
  { interval: '3h', overlap: '1h30m' },
  { overlap: '2h30m' },
  { overlap: '2h30m', maxOverlap: '4h' },
);

const token = fc.constantFrom(null, {}, { validFor: '1h' }, { key: 'bearer', validFor: '5h' });

function some<const D extends string, F extends object>(
  verbs: readonly D[],
  fields: { [K in keyof F]: fc.Arbitrary<F[K]> },
) {
  const verb = fc.constantFrom(...verbs);
  return fc.tuple(verb, fc.record<F>(fields, { noNullPrototype: true })).map(([one, rest]) => ({ do: one, ...rest }));
}

/** Generates a random command. */
export const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  { weight: 8, arbitrary: some(['create'], { of, pairs }) },
  { weight: 3, arbitrary: some(['delete', 'suspend', 'resume'], { of }) },
  { weight: 12, arbitrary: some(['add', 'remove', 'raise', 'raise', 'lower', 'disable', 'enable'], { of, pair }) },
  { weight: 5, arbitrary: some(['loseSecret', 'breakSecret'], { of, pair }) },
  { weight: 4, arbitrary: some(['rename'], { of, pair, to: fc.constantFrom('default', 'moved', 'taken') }) },
  { weight: 2, arbitrary: some(['relabel'], { of, pair, team: fc.constantFrom('red', 'blue') }) },
  { weight: 3, arbitrary: some(['rekey'], { of, pair, custom: fc.boolean() }) },
  { weight: 2, arbitrary: some(['expire'], { of, pair, inHours: fc.constantFrom(null, -1.5, 1.5, 100.5, 730.5) }) },
  { weight: 4, arbitrary: some(['rotation'], { of, pair, rotation }) },
  { weight: 4, arbitrary: some(['token'], { of, pair, token }) },
  { weight: 3, arbitrary: some(['strip'], { of, pair, what: fc.constantFrom('labels', 'annotations') }) },
  { weight: 2, arbitrary: some(['takeName', 'freeName'], { of, name: fc.constantFrom('main', 'taken') }) },
  { weight: 4, arbitrary: some(['kill'], { staysDown: fc.boolean() }) },
  { weight: 2, arbitrary: some(['faults'], { on: fc.boolean() }) },
  { weight: 4, arbitrary: some(['advance'], { hours: fc.constantFrom(-1, 1, 2, 5), whileDown: fc.boolean() }) },
  { weight: 1, arbitrary: some(['restartApiServer'], {}) },
  { weight: 4, arbitrary: some(['settle'], {}) },
) as fc.Arbitrary<Command>;
