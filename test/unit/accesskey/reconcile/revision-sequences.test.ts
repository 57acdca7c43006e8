/** Random sequences of revisions: only one above all earlier ones rotates the pair. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AccessKeyRecord, KeyPairSpec } from '../../../../src/accesskey/model/access-key-record.ts';
import { accessKey } from '../../../support/builders.ts';
import { plain, reconcileOnce, settle } from './reconciles.ts';
import { createSecretsApi, type SecretsApi } from './secrets-api.ts';

/** What happens at the time of an edit. */
type Event = 'nothing' | 'annotations lost' | 'crash before the status is written' | 'restart';

interface Edit {
  /** Undefined if the manifest omits it. */
  revision: number | undefined;
  event: Event;
}

const edit: fc.Arbitrary<Edit> = fc.record({
  revision: fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }),
  event: fc.constantFrom<Event>('nothing', 'annotations lost', 'crash before the status is written', 'restart'),
});

function withRevision(of: AccessKeyRecord, revision: number | undefined): AccessKeyRecord {
  const pair: KeyPairSpec = { name: 'main', ...(revision !== undefined && { revision }) };
  return { ...of, generation: of.generation + 1, spec: { ...of.spec, keyPairs: [pair] } };
}

async function apply(api: SecretsApi, of: AccessKeyRecord, event: Event): Promise<AccessKeyRecord> {
  if (event === 'annotations lost') {
    for (const raw of api.all()) api.put({ ...raw, metadata: { ...raw.metadata, annotations: {} } });
  }
  // The status of before the write is used again.
  if (event === 'crash before the status is written') await reconcileOnce(api, of);
  return (await settle(api, of)).accessKey;
}

const akOf = (api: SecretsApi) => plain(api.get('ann-main')).ak;

describe('the revision', () => {
  it('rotates a pair exactly if it is above every earlier one, whatever is absent or lowered in between', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 10 }), async (edits) => {
        const api = createSecretsApi();
        let current = (await settle(api, accessKey())).accessKey;
        let highest = 1;
        for (const { revision, event } of edits) {
          const before = akOf(api);
          current = await apply(api, withRevision(current, revision), event);
          expect(akOf(api) !== before).toBe((revision ?? 0) > highest);
          highest = Math.max(highest, revision ?? 0);
          expect(current.status.keyPairs).toMatchObject([{ accessKey: akOf(api), revision: highest }]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it.each<[string, (number | undefined)[]]>([
    ['absent', [undefined]],
    ['lower', [2]],
    ['absent, then lower, then the recorded one', [undefined, 2, 5]],
    ['a new Secret in between', [undefined]],
  ])('rotates nothing and stays recorded: %s', async (name, revisions) => {
    let api = createSecretsApi();
    let current = (await settle(api, withRevision(accessKey(), 5))).accessKey;
    if (name.includes('new Secret')) api = createSecretsApi();
    for (const revision of revisions) current = (await settle(api, withRevision(current, revision))).accessKey;
    expect(current.status.keyPairs).toMatchObject([{ revision: 5 }]);
    const ak = akOf(api);
    await settle(api, withRevision(current, 5));
    expect(akOf(api)).toBe(ak);
    await settle(api, withRevision(current, 6));
    expect(akOf(api)).not.toBe(ak);
  });
});
