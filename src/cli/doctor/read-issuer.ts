/** What verifiers see of the operator: its keys and its discovery document. */
import { readFile } from 'node:fs/promises';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { parseKeys } from '../../token/keys/format.ts';
import { dataKey } from '../../token/keys/store.ts';
import type { Cluster } from '../common/cluster.ts';
import type { ClockReading } from '../common/server-clock.ts';
import type { IssuerFacts, PublicKey, TokenVerification } from './check-issuer.ts';
import type { Fact } from './finding.ts';
import { type Installation, readSecretValue } from './installation.ts';
import type { PublicDocument, ReadDocument } from './operator-api.ts';
import { readFact, readWith } from './read-fact.ts';

export interface IssuerReaders {
  /** Reads from the operator itself. */
  readonly own: ReadDocument;
  /** @returns a reader for a URL, as verifiers use it */
  readonly at: (base: string) => ReadDocument;
}

export interface IssuerReading {
  readonly facts: IssuerFacts;
  readonly clock: Fact<ClockReading>;
  readonly token: Fact<TokenVerification>;
}

const jwksPath = '/.well-known/jwks.json';
const discoveryPath = '/.well-known/openid-configuration';

/** @param tokenFile a token to verify; undefined for none */
export async function readIssuer(
  cluster: Cluster,
  installation: Installation,
  { own, at }: IssuerReaders,
  tokenFile: string | undefined,
): Promise<IssuerReading> {
  const jwks = await readFact(() => own(jwksPath));
  const keys = await readWith(jwks, async ({ content }) => keysOf(content));
  const ownMetadata = await readWith(jwks, () => own(discoveryPath));
  const issuer = await readWith(ownMetadata, async ({ content }) => text(content, 'issuer'));
  const published = await readWith(issuer, (url) => at(url.replace(/\/$/, ''))(discoveryPath));
  const discovery = await readWith(published, async ({ content }) => ({
    issuer: text(content, 'issuer'),
    jwksUri: text(content, 'jwks_uri'),
  }));
  const publishedKeys = await readWith(discovery, async ({ jwksUri }) => keysOf((await at(jwksUri)('')).content));
  return {
    facts: { keys, issuer, discovery, publishedKeys, storedKids: await readStoredKids(cluster, installation) },
    clock: await readWith(jwks, async ({ clock }) => clock ?? Promise.reject(new Error('needs --server'))),
    token: await verifyToken(tokenFile, jwks, issuer),
  };
}

function keysOf(content: PublicDocument['content']): PublicKey[] {
  if (!Array.isArray(content.keys)) throw new Error('the document with the keys has no list of keys');
  return content.keys as PublicKey[];
}

function text(content: PublicDocument['content'], field: string): string {
  const value = content[field];
  if (typeof value === 'string') return value;
  throw new Error(`the discovery document has no ${field}`);
}

/** Reads only the ids: the Secret also contains the private keys. */
async function readStoredKids(cluster: Cluster, { place, settings }: Installation): Promise<Fact<readonly string[]>> {
  const content = await readSecretValue(cluster, place, settings.signingKeys, dataKey);
  return readWith(content, async (json) => parseKeys(json).map(({ kid }) => kid));
}

async function verifyToken(
  file: string | undefined,
  jwks: Fact<PublicDocument>,
  issuer: Fact<string>,
): Promise<Fact<TokenVerification>> {
  if (file === undefined) return { missing: 'notRequested', reason: 'set --token-file to verify a token' };
  const token = await readFact(() => readFile(file, 'utf8'));
  if (!('value' in token)) return { value: { outcome: 'unreadable', reason: token.reason } };
  const keySet = await readWith(jwks, async ({ content }) => createLocalJWKSet(content as unknown as JSONWebKeySet));
  const expected = 'value' in issuer ? { issuer: issuer.value } : {};
  return readWith(token, async (content) => {
    if (!('value' in keySet)) throw new Error(keySet.reason);
    return verify(content.trim(), keySet.value, expected);
  });
}

async function verify(
  token: string,
  keys: ReturnType<typeof createLocalJWKSet>,
  expected: { issuer?: string },
): Promise<TokenVerification> {
  try {
    const { payload, protectedHeader } = await jwtVerify(token, keys, expected);
    const expiresAt = new Date((payload.exp ?? 0) * 1000).toISOString();
    return { outcome: 'valid', kid: protectedHeader.kid ?? '', expiresAt };
  } catch (error) {
    return { outcome: 'invalid', reason: error instanceof Error ? error.message : String(error) };
  }
}
