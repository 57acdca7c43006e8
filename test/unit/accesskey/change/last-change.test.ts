import { expect, it } from 'vitest';
import type { AccessKeyApi, FetchedAccessKey } from '../../../../src/accesskey/change/access-key-api.ts';
import { createAccessKeyApi } from '../../../../src/accesskey/change/access-key-api.ts';
import { annotateChanges, lastChange } from '../../../../src/accesskey/change/last-change.ts';
import { lastChangeAnnotation } from '../../../../src/accesskey/model/last-write.ts';
import type { KubernetesClient } from '../../../../src/kube/client.ts';
import { accessKey, now } from '../../../support/builders.ts';

const actor = { actor: 'ann', signedInWith: 'key pair' };
const fetched: FetchedAccessKey = { ...accessKey(), managedFields: [] };

it('annotates a change of the key pairs with actor, credential and actions', async () => {
  const patches: { metadata: { annotations: Record<string, string> }; spec: object }[] = [];
  const client = { patch: async (_: object, patch: never) => void patches.push(patch) } as unknown as KubernetesClient;
  const api: AccessKeyApi = annotateChanges(createAccessKeyApi(client, 'test'), actor, () => now);
  const keyPairs = [{ name: 'main', enabled: false }, { name: 'ci' }];
  await api.replaceKeyPairs(fetched, keyPairs);
  expect(patches[0]).toMatchObject({ metadata: { uid: fetched.uid }, spec: { keyPairs } });
  expect(JSON.parse(patches[0]?.metadata.annotations[lastChangeAnnotation] ?? '')).toEqual({
    time: new Date(now).toISOString().replace('.000', ''),
    ...actor,
    changes: ['disabled main', 'created ci'],
  });
});

it('leaves the annotations unchanged without an actor', async () => {
  const patches: { metadata: object }[] = [];
  const client = { patch: async (_: object, patch: never) => void patches.push(patch) } as unknown as KubernetesClient;
  await createAccessKeyApi(client, 'test').replaceKeyPairs(fetched, []);
  expect(patches[0]?.metadata).not.toHaveProperty('annotations');
});

it('is shorter than the admission policy allows, whatever the name contains', () => {
  for (const name of ['"', '\\', '\u{1f600}', '\u2028', '<']) {
    const { [lastChangeAnnotation]: text = '' } = lastChange({ ...actor, actor: name.repeat(1_000) }, [], now);
    expect(text.length).toBeLessThan(1_000);
    expect(JSON.parse(text).actor).toContain(name);
  }
});
