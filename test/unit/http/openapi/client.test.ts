import { expect, it } from 'vitest';
import { generateClient } from '../../../../tools/openapi-client/generate-client.ts';
import { createPlatform } from '../support.ts';

const file = '../../../../tools/openapi-client/api.generated.ts';

it('tools/openapi-client/api.generated.ts is up to date (npm run generate:client)', async () => {
  const { get } = await createPlatform();
  const client = await generateClient((await get('/openapi.json')).json<object>());
  expect(client).toContain('export interface paths');
  await expect(client).toMatchFileSnapshot(file);
});
