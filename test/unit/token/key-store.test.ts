import { describe, expect, it } from 'vitest';
import type { KubernetesClient } from '../../../src/kube/client.ts';
import { KubernetesError } from '../../../src/kube/errors.ts';
import { loadSigningKeys, signingKeySecretType } from '../../../src/token/key-store.ts';
import { generateSigningKeys, SigningKeyError } from '../../../src/token/signing-keys.ts';

const reference = { namespace: 'system', name: 'keys' };
const answer = (status: number) => new KubernetesError(status, '', `refused: ${status}`, 0);
const base64 = (text: string) => Buffer.from(text).toString('base64');

interface Body {
  metadata: { name: string };
  type: string;
  stringData: Record<string, string>;
}

/** One place for a Secret, as the API server keeps it. */
function createPlace(content?: Record<string, string>) {
  const place = { data: content, created: [] as Body[] };
  const core = {
    readNamespacedSecret: async () => {
      if (!place.data) throw answer(404);
      return { data: place.data };
    },
    createNamespacedSecret: async ({ body }: { namespace: string; body: Body }) => {
      if (place.data) throw answer(409);
      place.created.push(body);
      place.data = { 'keys.json': base64(body.stringData['keys.json'] ?? '') };
      return { data: place.data };
    },
  };
  return { place, core, client: { core } as unknown as KubernetesClient };
}

describe('loadSigningKeys', () => {
  it('makes the Secret when there is none, and uses it from then on', async () => {
    const { client, place } = createPlace();
    const first = await loadSigningKeys(client, reference);
    const second = await loadSigningKeys(client, reference);
    expect(second.jwks).toEqual(first.jwks);
    expect(place.created).toMatchObject([{ metadata: { name: 'keys' }, type: signingKeySecretType }]);
  });

  it('gives replicas that start together the same key', async () => {
    const { client, place } = createPlace();
    const all = await Promise.all([loadSigningKeys(client, reference), loadSigningKeys(client, reference)]);
    expect(all[0].active.kid).toBe(all[1].active.kid);
    expect(place.created).toHaveLength(1);
  });

  it.each([
    ['empty', {}, 'is not JSON'],
    ['of another key', { 'tls.key': base64('x') }, 'is not JSON'],
    ['garbled', { 'keys.json': base64('{}') }, 'malformed: keys'],
  ])('refuses a Secret that is %s, names it and leaves it alone', async (_, content, why) => {
    const { client, place } = createPlace(content);
    await expect(loadSigningKeys(client, reference)).rejects.toThrow(
      new SigningKeyError(`Secret system/keys, keys.json: ${why}`),
    );
    expect(place).toEqual({ data: content, created: [] });
  });

  it.each([403, 500])('passes on that the Secret cannot be read: %d', async (status) => {
    const { client, core } = createPlace({ 'keys.json': base64(await generateSigningKeys(new Date())) });
    core.readNamespacedSecret = async () => Promise.reject(answer(status));
    await expect(loadSigningKeys(client, reference)).rejects.toMatchObject({ status });
  });

  it('passes on that the Secret cannot be made', async () => {
    const { client, core } = createPlace();
    core.createNamespacedSecret = async () => Promise.reject(answer(403));
    await expect(loadSigningKeys(client, reference)).rejects.toMatchObject({ status: 403 });
  });
});
