import { describe, expect, it } from 'vitest';
import type { PairAction } from '../../../../src/accesskey/reconcile/actions.ts';
import { hold } from '../../../../src/accesskey/reconcile/hold.ts';
import type { HeldFields } from '../../../../src/accesskey/reconcile/overrides.ts';
import { plan } from '../../../../src/accesskey/reconcile/plan.ts';
import { accessKey, keyPair, known, now, type SecretParts, secret } from '../../../support/builders.ts';

const one = known();
const wrongLabels = { labels: { 'app.kubernetes.io/managed-by': 'x', 'ghippo.io/key-pair': 'main' } };
const managedBy = 'metadata.labels[app.kubernetes.io/managed-by]';
const owner = 'metadata.labels[ghippo.io/access-key]';

function heldIn(fields: readonly string[], name = 'ann-main'): HeldFields {
  return new Map([[name, new Set(fields)]]);
}

/** The kind of the planned step, while these fields are held. */
function planned(parts: SecretParts, fields: readonly string[], subject = one) {
  const observed = { accessKey: subject, beingDeleted: false, userHolder: subject.key, secrets: [secret(parts)] };
  return plan({ ...observed, held: heldIn(fields) }, now).pairs[0];
}

describe('a held field', () => {
  it.each<[string, SecretParts, string[], string]>([
    ['waits if all wrong fields are held', wrongLabels, [managedBy, owner], 'hold'],
    ['does not delay another wrong field', wrongLabels, [managedBy], 'update'],
    ['does not delay a sound Secret', {}, [managedBy], 'keep'],
    ['of the data delays the removal of foreign data', { data: { 'previous-ak': 'x' } }, ['data[previous-ak]'], 'hold'],
    ['of the metadata does not delay a change of the data', { data: { 'previous-ak': 'x' } }, [managedBy], 'update'],
    ['of the data delays a new pair', { data: { sk: 'x' } }, ['data[sk]'], 'hold'],
    [
      'that names a data key delays a new pair',
      { annotations: { 'ghippo.io/ak-key': 'x', 'ghippo.io/sk-key': 'sk' } },
      ['metadata.annotations[ghippo.io/ak-key]'],
      'hold',
    ],
    ['of the metadata does not delay a new pair', { data: { sk: 'x' } }, [managedBy], 'recover'],
  ])('%s', (_, parts, fields, kind) => expect(planned(parts, fields)?.kind).toBe(kind));

  it('of the data delays a rotation, and the step says so', () => {
    const subject = known({ keyPairs: [{ name: 'main', revision: 2 }] });
    expect(planned({}, ['data[ak]'], subject)).toMatchObject({ kind: 'hold', instead: 'rotate' });
    expect(planned({}, [managedBy], subject)).toMatchObject({ kind: 'rotate' });
  });

  it('that says for which revision the pair was generated delays a rotation until the status has the pair', () => {
    const field = 'metadata.annotations[ghippo.io/revision]';
    const keyPairs = [{ name: 'main', revision: 2 }];
    const unrecorded = known({ keyPairs }, { accessKey: keyPair(7).ak });
    expect(planned({}, [field], unrecorded)).toMatchObject({ kind: 'hold', instead: 'rotate' });
    expect(planned({}, [field], known({ keyPairs }))).toMatchObject({ kind: 'rotate' });
    const action: PairAction = {
      kind: 'wait',
      pair: { name: 'main' },
      secretName: 'new',
      from: secret(),
      rotation: 'revision',
    };
    expect(hold(unrecorded, action, heldIn([field]))).toEqual({ ...action, rotation: undefined });
    expect(hold(known({ keyPairs }), action, heldIn([field]))).toEqual(action);
  });

  it('of the data of the former Secret delays a rotation before a move', () => {
    const pair = { name: 'main' };
    const action: PairAction = { kind: 'wait', pair, secretName: 'new', from: secret(), rotation: 'revision' };
    expect(hold(one, action, heldIn(['data[ak]']))).toEqual({ ...action, rotation: undefined });
    expect(hold(one, action, heldIn(['data[ak]'], 'new'))).toEqual(action);
  });

  it('of another Secret delays nothing', () => {
    const action: PairAction = { kind: 'recover', pair: { name: 'main' }, secret: secret() };
    expect(hold(accessKey(), action, heldIn(['data[ak]'], 'other'))).toEqual(action);
  });
});
