import { expect, it } from 'vitest';
import type { ReviewBudget } from '../../../../src/token/exchange.ts';
import { createFederatedExchange } from '../../../../src/token/federation/exchange.ts';
import { createExternalTokens } from '../../../../src/token/federation/external-token.ts';
import { now } from '../../../support/builders.ts';
import { audience, createIssuer, issuer } from './issuers.ts';

it('keeps no long subject of a token that it has not verified', async () => {
  const fake = await createIssuer();
  const trusted = { issuer, audiences: [audience], algorithms: ['ES256'] };
  const tokens = createExternalTokens({ issuers: [trusted], fetch: fake.fetch, now: () => now });
  const keys: string[] = [];
  const budget: ReviewBudget = {
    attempt({ account }, review) {
      keys.push(account);
      return review();
    },
  };
  const exchange = createFederatedExchange({ tokens, users: { usersOf: () => [] }, budget });
  for (const sub of ['x'.repeat(8_000), 'y'.repeat(8_000)]) {
    await exchange({ subjectToken: await fake.token({ sub }), clientId: undefined, address: '192.0.2.1' });
  }
  expect(new Set(keys).size).toBe(2);
  expect(Math.max(...keys.map((key) => key.length))).toBeLessThanOrEqual(64);
});
