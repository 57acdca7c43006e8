import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTokenCache } from '../../../../src/cli/token/cache-file.ts';
import { type ObtainEffects, obtainToken } from '../../../../src/cli/token/obtain.ts';
import type { IssuedToken } from '../../../../src/cli/token/response.ts';
import { TokenError, type TokenProblem } from '../../../../src/cli/token/token-error.ts';
import { keyPair } from '../../../support/builders.ts';

const pair = keyPair();
const source = { identity: pair.ak, read: async () => ({ pair }) };
const options = { terms: { server: 'https://keys.example.org' }, source };
const minute = 60_000;

let directory: string;
let time: number;
let requests: number;
let operatorAheadMs: number;
let failing: TokenProblem | undefined;
let warnings: string[];
let effects: ObtainEffects;

async function request(): Promise<IssuedToken> {
  requests += 1;
  await new Promise((resolve) => setTimeout(resolve, 5));
  if (failing) throw new TokenError(failing, 'keys.example.org failed');
  // The clock of the operator may differ from that of this machine.
  const claims = Buffer.from(JSON.stringify({ iat: Math.floor((time + operatorAheadMs) / 1000) })).toString(
    'base64url',
  );
  return { token: `e30.${claims}.${requests}`, issuedAt: time, expiresAt: time + 30 * minute };
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'obtain-'));
  time = Date.now();
  requests = 0;
  operatorAheadMs = 0;
  failing = undefined;
  warnings = [];
  const now = () => time;
  const cache = openTokenCache(join(directory, 'cache'), process.getuid?.(), now);
  effects = { cache, request, now, warn: (message) => warnings.push(message) };
});
afterEach(() => rm(directory, { recursive: true }));

/** The number of the request that returned the token. */
const tokenOf = async (more: object = {}) =>
  Number((await obtainToken({ ...options, ...more }, effects)).token.split('.')[2]);

describe('obtainToken', () => {
  it('requests one token for many calls at once', async () => {
    const tokens = await Promise.all(Array.from({ length: 8 }, () => tokenOf()));
    expect(new Set(tokens)).toEqual(new Set([1]));
    expect(requests).toBe(1);
  });

  it('requests a token shortly before the cached one expires', async () => {
    await tokenOf();
    time += 24 * minute;
    expect(await tokenOf()).toBe(1);
    time += minute;
    expect(await tokenOf()).toBe(2);
  });

  it('requests a token on request, and replaces the cached one', async () => {
    await tokenOf();
    expect(await tokenOf({ refresh: true })).toBe(2);
    expect(await tokenOf()).toBe(2);
  });

  it('requests a token if the cached one was revoked, also while the server is unavailable', async () => {
    await tokenOf();
    const revoked = { source: { ...source, tokensNotBefore: Math.floor(time / 1000) * 1000 + 1000 } };
    failing = 'unavailable';
    await expect(tokenOf(revoked)).rejects.toThrow('keys.example.org failed');
    failing = undefined;
    time += 1000;
    expect(await tokenOf(revoked)).toBe(3);
    expect(await tokenOf(revoked)).toBe(3);
  });

  it.each([
    ['ahead', -30_000],
    ['behind', 30_000],
  ])('compares a revocation with the time of the operator if this clock is %s', async (_, aheadMs) => {
    operatorAheadMs = aheadMs;
    await tokenOf();
    const operatorSecond = Math.floor((time + aheadMs) / 1000) * 1000;
    const revokedAt = (tokensNotBefore: number) => ({ source: { ...source, tokensNotBefore } });
    expect(await tokenOf(revokedAt(operatorSecond))).toBe(1);
    time += 2000;
    expect(await tokenOf(revokedAt(operatorSecond + 1000))).toBe(2);
  });

  it('does not read the secret while the cache has a token', async () => {
    await tokenOf();
    const read = () => Promise.reject(new Error('the keyring was opened'));
    expect(await tokenOf({ source: { identity: pair.ak, read } })).toBe(1);
  });

  it.each(['unavailable', 'throttled'] as const)('uses the cached token while the server is %s', async (problem) => {
    await tokenOf();
    failing = problem;
    time += 26 * minute;
    expect(await tokenOf()).toBe(1);
    expect(warnings).toEqual([expect.stringContaining('keys.example.org failed; the cached token is used until')]);
    time += 4 * minute;
    await expect(tokenOf()).rejects.toThrow('keys.example.org failed');
  });

  it('does not use the cached token if the credential is rejected, or a new one was requested', async () => {
    await tokenOf();
    failing = 'unavailable';
    await expect(tokenOf({ refresh: true })).rejects.toThrow('keys.example.org failed');
    failing = 'rejected';
    time += 26 * minute;
    await expect(tokenOf()).rejects.toThrow('keys.example.org failed');
  });

  it('continues without a cache, and warns once', async () => {
    await writeFile(join(directory, 'cache'), 'a file instead of the directory');
    expect(await tokenOf()).toBe(1);
    expect(warnings).toEqual([expect.stringMatching(/^the token is not cached: ENOTDIR/)]);
    failing = 'rejected';
    await expect(tokenOf()).rejects.toThrow('keys.example.org failed');
  });
});
