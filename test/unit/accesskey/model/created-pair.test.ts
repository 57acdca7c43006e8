import { describe, expect, it } from 'vitest';
import type { AccessKeyRecord } from '../../../../src/accesskey/model/access-key-record.ts';
import { createdPair } from '../../../../src/accesskey/model/created-pair.ts';
import { accessKey, keyPair, known } from '../../../support/builders.ts';

const created = known({ generation: 2 }, { revision: 3 });
const inConflict = known({ generation: 2 }, { state: 'Conflict' });
const pending = { name: 'main', secretName: 'ann-main', state: 'Pending' as const };
const withoutAk = accessKey({ generation: 2, status: { keyPairs: [pending] } });
const requested = { uid: created.uid, pairName: 'main', generation: 2 };

describe('createdPair', () => {
  it('returns the status of the pair once it has been created', () => {
    expect(createdPair(created, requested)).toMatchObject({ name: 'main', accessKey: keyPair().ak, revision: 3 });
    expect(createdPair(created, { ...requested, generation: 1, revision: 3 })).toMatchObject({ revision: 3 });
  });

  it.each<[string, string, AccessKeyRecord | undefined, object]>([
    ['gone', 'the AccessKey does not exist', undefined, {}],
    ['gone', 'the AccessKey was recreated with the same name', { ...created, uid: 'another' }, {}],
    ['waiting', 'the record is older than the request', known({ generation: 1 }), {}],
    ['waiting', 'the record is older and in conflict', { ...inConflict, generation: 1 }, {}],
    ['waiting', 'the status does not have the pair', accessKey({ generation: 2 }), {}],
    ['waiting', 'the status has another pair', created, { pairName: 'ci' }],
    ['waiting', 'the pair has no ak yet', withoutAk, {}],
    ['waiting', 'the pair has a lower revision', created, { revision: 4 }],
    ['conflict', 'the pair is in conflict', inConflict, {}],
    ['conflict', 'a pair with a lower revision is in conflict', inConflict, { revision: 4 }],
  ])('returns %s if %s', (expected, _, record, change) => {
    expect(createdPair(record, { ...requested, ...change })).toBe(expected);
  });
});
