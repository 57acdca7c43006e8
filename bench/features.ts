/**
 * Measures the CPU time that optional features add to a token, compared with a token without them, and the CPU time of the
 * per-pair metrics and of the inventory. In one process, without sockets, so that little else is measured.
 *
 *   npx node bench/features.ts [--requests 2000]
 */
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { createLiveFederated } from '../src/accesskey/live/live-users.ts';
import { createPairLookup } from '../src/accesskey/live/pair-lookup.ts';
import type { AccessKeyRecord, KeyPairSpec } from '../src/accesskey/model/access-key-record.ts';
import { csvChunks } from '../src/inventory/csv.ts';
import { collectKeyPairs } from '../src/metrics/key-pairs.ts';
import { createExternalTokens } from '../src/token/federation/external-token.ts';
import { generateSigningKeys, parseSigningKeys } from '../src/token/keys/signing-keys.ts';
import { accessKey, at, caches, keyPair, keyPolicy, known, now, secret } from '../test/support/builders.ts';
import { basic, createPlatform, form } from '../test/unit/http/support.ts';
import { audience, createIssuer, issuer, subject } from '../test/unit/token/federation/issuers.ts';
import { print } from './tables.ts';

const { values } = parseArgs({ options: { requests: { type: 'string', default: '2000' } } });
const requests = Number(values.requests);
const rounds = 3;
const address = '192.0.2.1';
const token = { issuer: 'ghippo.io', defaultCycle: 3, maxCycle: 30 };

interface Case {
  pair?: Partial<KeyPairSpec>;
  spec?: Partial<AccessKeyRecord['spec']>;
  change?: Parameters<typeof createPlatform>[0];
  fields?: Record<string, string>;
}

const audiences = Array.from({ length: 16 }, (_, n) => `https://${n}.example.org`);
const allowedCIDRs = [...Array.from({ length: 15 }, (_, n) => `10.${n}.0.0/16`), '192.0.2.0/24'];
const cases: Record<string, Case> = {
  'no feature': {},
  tokenLifetime: { pair: { tokenLifetime: '1h' } },
  'audience, one of 16': { spec: { audiences }, fields: { audience: audiences[15] ?? '' } },
  'allowedCIDRs, 16 networks': { pair: { allowedCIDRs } },
  tokensNotBefore: { pair: { tokensNotBefore: at(-60) } },
  'type at+jwt': { change: { token: { ...token, type: 'at+jwt' } } },
};

/** @returns CPU microseconds of one call */
async function measure(count: number, call: (n: number) => Promise<unknown>): Promise<number> {
  for (let n = 0; n < count / 10; n += 1) await call(n);
  const before = process.cpuUsage();
  for (let n = Math.ceil(count / 10); n < count; n += 1) await call(n);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / (count * 0.9);
}

/** Requests a token with a different key pair each time, then uses each token once. */
async function measureCase({ pair = {}, spec = {}, change = {}, fields = {} }: Case) {
  const accessKeys = Array.from({ length: requests }, (_, n) => {
    const one = accessKey({ name: `u${n}`, user: `u${n}`, groups: ['dev'], keyPairs: [{ name: 'main', ...pair }] });
    return { ...one, spec: { ...one.spec, ...spec } };
  });
  const secrets = accessKeys.map((of, n) => secret({ of, keys: keyPair(n) }));
  const pairs = createPairLookup(caches({ accessKeys, secrets }));
  const { send } = await createPlatform({ pairs, log: pino({ level: 'silent' }), ...change });
  const tokens: string[] = [];
  const issued = await measure(requests, async (n) => {
    const { ak, sk } = keyPair(n);
    const body = form({ grant_type: 'client_credentials', ...fields }, { authorization: basic(ak, sk) });
    const answer = await send('/oauth2/token', body, address);
    if (answer.status !== 200) throw new Error(answer.text);
    tokens[n] = answer.json<{ access_token: string }>().access_token;
  });
  const path = '/apis/ghippo.io/v1alpha1/about/versions';
  const use = (n: number) => send(path, { headers: { authorization: `Bearer ${tokens[n]}` } }, address);
  // A token for another audience cannot be used here.
  return { issued, used: fields.audience === undefined ? await measure(requests, use) : Number.NaN };
}

/** Exchanges a token of another issuer, which must be verified, for a token of a user. */
async function measureFederation(): Promise<number> {
  const fake = await createIssuer();
  const subjects = Array.from({ length: requests }, (_, n) => `${subject}-${n}`);
  const accessKeys = subjects.map((one, n) => {
    const record = accessKey({ name: `u${n}`, user: `u${n}`, groups: ['dev'], keyPairs: [] });
    return { ...record, spec: { ...record.spec, federated: [{ issuer, subject: one, audience }] } };
  });
  const trusted = { issuer, audiences: [audience], algorithms: ['ES256'] };
  const tokens = createExternalTokens({ issuers: [trusted], fetch: fake.fetch, now: () => now });
  const users = createLiveFederated(caches({ accessKeys }), [{ issuer }]);
  const { send } = await createPlatform({ federation: { tokens, users }, log: pino({ level: 'silent' }) });
  const assertions = await Promise.all(subjects.map((sub) => fake.token({ sub })));
  const grant_type = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
  return measure(requests, async (n) => {
    const answer = await send('/oauth2/token', form({ grant_type, assertion: assertions[n] ?? '' }), address);
    if (answer.status !== 200) throw new Error(answer.text);
  });
}

/** @returns the lowest CPU time of several rounds, which is least affected by other processes */
async function measureCases(all: Record<string, Case>): Promise<Map<string, { issued: number; used: number }>> {
  const results = new Map<string, { issued: number; used: number }>();
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, one] of Object.entries(all)) {
      const [best, { issued, used }] = [results.get(name), await measureCase(one)];
      results.set(name, { issued: Math.min(issued, best?.issued ?? issued), used: Math.min(used, best?.used ?? used) });
    }
  }
  return results;
}

/** Measures responses that contain all key pairs. */
async function measureLists(): Promise<void> {
  const register = new Registry();
  const measured = Array.from({ length: 20_000 }, (_, n) => ({
    ...{ namespace: 'shop', accesskey: `u${n}`, pair: 'main', expiresAt: now, createdAt: now, lastUsedAt: now },
  }));
  collectKeyPairs(register, () => measured);
  print(`scrape with metrics of 20,000 pairs: ${((await measure(20, () => register.metrics())) / 1000).toFixed(0)} ms`);
  const entries = Array(50_000).fill({ accessKey: known({ groups: ['dev'] }), pair: { name: 'main' } });
  const csv = await measure(20, async () => [...csvChunks(entries, now)].length);
  print(`CSV of 50,000 pairs, for the tag or for the body: ${(csv / 1000).toFixed(0)} ms`);
}

async function main(): Promise<void> {
  const policy = { ...keyPolicy, algorithm: 'Ed25519' } as const;
  const ed25519 = await parseSigningKeys(await generateSigningKeys(new Date(now), policy));
  const all = { ...cases, 'algorithm Ed25519': { change: { signingKeys: () => ed25519 } } };
  print('| feature | issuing a token, CPU µs | its first use, CPU µs |\n|---|---|---|');
  for (const [name, { issued, used }] of await measureCases(all))
    print(`| ${name} | ${issued.toFixed(0)} | ${Number.isNaN(used) ? '' : used.toFixed(0)} |`);
  print(`| token of another issuer (ES256) | ${(await measureFederation()).toFixed(0)} | |`);
  await measureLists();
}

await main();
