import { describe, expect, it } from 'vitest';
import packageJson from '../../../../package.json' with { type: 'json' };
import { expectContract } from '../../../support/contract.ts';
import { createPlatform } from '../support.ts';

const path = '/apis/ghippo.io/v1alpha1/about/versions';

describe('/about/versions', () => {
  it('returns only the operator, in the form of the reference', async () => {
    const { get, token } = await createPlatform();
    const answer = await get(path, { authorization: `Bearer ${await token()}` });
    expect(answer.status).toBe(200);
    expectContract('aboutListGProductVersionsResponse', answer.json());
    expect(answer.json()).toEqual({ items: [{ name: 'accesskey-operator', version: packageJson.version }] });
  });

  it('requires a token', async () => {
    const { get } = await createPlatform();
    expect((await get(path)).status).toBe(401);
  });
});
