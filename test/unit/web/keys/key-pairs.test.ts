import { describe, expect, test } from 'vitest';
import { RefusedError } from '../../../../src/web/common/refused-error.ts';
import { initialsOf } from '../../../../src/web/common/view.ts';
import type { KeyPairSpecs } from '../../../../src/web/keys/api.ts';
import { downloadOf } from '../../../../src/web/keys/downloads.ts';
import { actOnPair, addingRefused, addPair, changePair } from '../../../../src/web/keys/edits.ts';
import { type FieldsEntry, managementOf, managerOf } from '../../../../src/web/keys/managed-fields.ts';
import { accessKeyNameFor, detailsOf, emptyInput, problemsOf } from '../../../../src/web/keys/pair-input.ts';
import { keyPair, now } from '../../../support/builders.ts';

const ci = { name: 'ci', enabled: true, revision: 3, rotation: { interval: '24h' }, secret: { name: 's' } };
const none = { expiresAt: undefined, description: undefined };

/** The key of what is refused. */
function refusalOf(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    return error.key;
  }
}

describe('changes of the pairs', () => {
  test('keep everything else of a pair', () => {
    expect(actOnPair([ci], 'ci', 'rotate')).toEqual([{ ...ci, revision: 4 }]);
    expect(actOnPair([{ name: 'ci' }], 'ci', 'rotate')).toEqual([{ name: 'ci', revision: 2 }]);
    expect(actOnPair([ci], 'ci', 'disable')).toEqual([{ ...ci, enabled: false }]);
    expect(actOnPair([ci, { name: 'b' }], 'ci', 'delete')).toEqual([{ name: 'b' }]);
    const details = { expiresAt: '2030-01-01T00:00:00Z', description: 'd' };
    expect(changePair([ci], 'ci', details)).toEqual([{ ...ci, ...details }]);
    expect(changePair([{ ...ci, ...details }], 'ci', none)).toEqual([ci]);
    expect(addPair([ci], 'b', none)).toEqual([ci, { name: 'b' }]);
  });

  test('are refused when there would be more than two, or two of a name', () => {
    const overlapping = { ...ci, rotation: { overlap: '1h' } };
    expect(refusalOf(() => addPair([ci, { name: 'b' }], 'c', none))).toBe('refusedTwoPairs');
    expect(refusalOf(() => addPair([ci], 'ci', none))).toBe('refusedNameTaken');
    expect(addingRefused([overlapping])?.key).toBe('refusedOverlap');
    expect(addingRefused([{ ...overlapping, enabled: false }])).toBeUndefined();
    const both: KeyPairSpecs = [overlapping, { name: 'b', enabled: false }];
    expect(refusalOf(() => actOnPair(both, 'b', 'enable'))).toBe('refusedOverlap');
    expect(refusalOf(() => actOnPair([ci], 'x', 'delete'))).toBe('refusedNoPair');
  });
});

describe('who keeps what', () => {
  const fields = (...names: string[]) => ({
    'f:spec': {
      'f:keyPairs': {
        'k:{"name":"ci"}': { '.': {}, 'f:name': {}, ...Object.fromEntries(names.map((name) => [`f:${name}`, {}])) },
      },
    },
  });
  const applied = (manager: string, ...names: string[]): FieldsEntry => ({
    ...{ manager, operation: 'Apply' },
    fieldsV1: fields(...names),
  });
  const actionsOf = (...entries: FieldsEntry[]) =>
    (['rotate', 'disable', 'enable', 'edit', 'delete'] as const).filter((one) =>
      managerOf(managementOf(entries), 'ci', one),
    );

  test('is nobody without declared fields', () => {
    expect(actionsOf()).toEqual([]);
    expect(
      actionsOf({ manager: 'kubectl-edit', operation: 'Update', fieldsV1: fields('enabled', 'revision') }),
    ).toEqual([]);
    expect(actionsOf(applied('accesskey-operator-console', 'enabled'))).toEqual([]);
    expect(actionsOf({ ...applied('operator', 'enabled'), subresource: 'status' })).toEqual([]);
  });

  test('is who applied a field, for this field, and for the removal of the pair', () => {
    expect(actionsOf(applied('argocd'))).toEqual(['delete']);
    expect(actionsOf(applied('argocd', 'revision'))).toEqual(['rotate', 'delete']);
    expect(actionsOf(applied('argocd', 'enabled'))).toEqual(['disable', 'enable', 'delete']);
    expect(actionsOf(applied('argocd', 'expiresAt'))).toEqual(['edit', 'delete']);
    expect(managerOf(managementOf([applied('argocd')]), 'other', 'delete')).toBeUndefined();
  });

  test.each(['kubectl-client-side-apply', 'argocd-controller', 'helm', 'HashiCorp', 'Terraform', 'pulumi-kubernetes'])(
    'is %s for all, if it declares lists as a whole',
    (manager) => {
      const entry = { manager, operation: 'Update', fieldsV1: fields('name') };
      const isWhole = manager !== 'HashiCorp';
      expect(managementOf([entry]).list).toBe(isWhole ? manager : undefined);
      expect(actionsOf(entry)).toHaveLength(isWhole ? 5 : 0);
    },
  );

  test('is nobody whose entry is not about the pairs', () => {
    expect(
      managementOf([{ manager: 'helm', operation: 'Update', fieldsV1: { 'f:metadata': {} } }]).list,
    ).toBeUndefined();
    expect(managementOf([{}]).list).toBeUndefined();
  });
});

describe('what people enter', () => {
  const input = { ...emptyInput, name: 'ci' };
  test.each([
    [{}, {}],
    [{ name: '' }, { name: 'badName' }],
    [{ name: 'a'.repeat(64) }, { name: 'badName' }],
    [{ name: '-a' }, { name: 'badName' }],
    [{ description: 'x'.repeat(257) }, { description: 'badDescription' }],
    [{ description: 'two\nlines' }, { description: 'badDescription' }],
    [{ validity: 'custom', date: '2026-01-01' } as const, {}],
    [{ validity: 'custom', date: '2025-12-31' } as const, { date: 'badDate' }],
    [{ validity: 'custom', date: '2027-02-31' } as const, { date: 'badDate' }],
    [{ validity: 'custom', date: '' } as const, { date: 'badDate' }],
    [{ validity: 'custom', date: '99999-01-01' } as const, { date: 'badDate' }],
    [{ validity: 'permanent', date: 'x' } as const, {}],
  ])('%o: %o', (change, problems) => expect(problemsOf({ ...input, ...change }, now)).toEqual(problems));

  test('becomes the end of the day; a time that was there stays when its day does', () => {
    const custom = { ...input, validity: 'custom', date: '2027-06-01' } as const;
    expect(detailsOf(custom)).toEqual({ expiresAt: '2027-06-01T23:59:59Z', description: undefined });
    expect(detailsOf(custom, '2027-06-01T08:00:00+01:00').expiresAt).toBe('2027-06-01T08:00:00+01:00');
    expect(detailsOf({ ...custom, validity: 'permanent' }).expiresAt).toBeUndefined();
  });

  test.each([
    ['alice', 'alice'],
    ['Bob@Example.org', 'bob-example-org'],
    ['system:serviceaccount:people:ci', 'ci'],
    ['王小明', 'access-key'],
    ['-', 'access-key'],
  ])('the AccessKey of %s is called %s', (user, name) => expect(accessKeyNameFor(user)).toBe(name));
});

test.each([
  ['alice', 'AL'],
  ['ann.b@example.org', 'AB'],
  ['system:serviceaccount:people:ci', 'CI'],
  ['王小明', '王小'],
  ['', '?'],
])('%s has the initials %s', (name, initials) => expect(initialsOf(name)).toBe(initials));

test('a pair is saved in each form', () => {
  const place = { name: 'ci', namespace: 'people', secret: 'alice-ci' };
  const { ak, sk } = keyPair();
  const json = downloadOf('json', { ak, sk }, place);
  expect([json.file, JSON.parse(json.text)]).toEqual(['access-key-ci.json', { name: 'ci', ak, sk }]);
  expect(downloadOf('env', { ak, sk }, place).text).toBe(`ACCESS_KEY=${ak}\nSECRET_KEY=${sk}\n`);
  expect(downloadOf('secret', { ak, sk }, place).text).toContain(`  ak: ${ak}\n  sk: ${sk}\n`);
});
