import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSource, type SourceEffects } from '../../../../src/cli/token/read-source.ts';
import type { CredentialSource } from '../../../../src/cli/token/source.ts';
import { keyPair } from '../../../support/builders.ts';

const pair = keyPair();
const { ak, sk } = pair;
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const jwt = `${encode({ alg: 'RS256' })}.${encode({ iss: 'https://issuer.example.org', sub: 'job' })}.c2ln`;

let directory: string;
let stdin: string;
let keyring: Map<string, string>;
let effects: SourceEffects;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'read-source-'));
  await writeFile(join(directory, 'ak'), `${ak}\n`);
  await writeFile(join(directory, 'sk'), `${sk}\n`);
  await writeFile(join(directory, 'token'), `${jwt}\n`);
  stdin = '';
  keyring = new Map([[ak, sk]]);
  effects = {
    env: { ACCESS_KEY: ak, SECRET_KEY: sk, ACCESSKEY_SUBJECT_TOKEN: jwt },
    readStdin: async () => stdin,
    readKeyring: async (name) => keyring.get(name),
    readSecret: async () => ({ pair, tokensNotBefore: 1 }),
  };
});
afterEach(() => rm(directory, { recursive: true }));

describe('openSource', () => {
  it.each<[string, () => CredentialSource]>([
    ['the environment', () => ({ kind: 'environment' })],
    ['a directory', () => ({ kind: 'directory', directory })],
    ['a file', () => ({ kind: 'file', accessKey: ak, file: join(directory, 'sk') })],
    ['the keyring', () => ({ kind: 'keyring', accessKey: ak })],
    ['a Secret', () => ({ kind: 'secret', pair: 'alice/ci' })],
  ])('reads a key pair from %s', async (_, source) => {
    const { identity, read } = await openSource(source(), effects);
    expect(identity).toBe(ak);
    expect(await read()).toEqual({ pair });
  });

  it('knows of the revocation of tokens if it reads the AccessKey', async () => {
    expect((await openSource({ kind: 'secret', pair: 'alice/ci' }, effects)).tokensNotBefore).toBe(1);
    expect((await openSource({ kind: 'environment' }, effects)).tokensNotBefore).toBeUndefined();
  });

  it('reads a secret key from standard input', async () => {
    stdin = `${sk}\n`;
    const { read } = await openSource({ kind: 'file', accessKey: ak, file: '-' }, effects);
    expect(await read()).toEqual({ pair });
  });

  it.each<[string, () => CredentialSource]>([
    ['a file', () => ({ kind: 'subject-token', file: join(directory, 'token') })],
    ['the environment', () => ({ kind: 'subject-token-environment' })],
  ])('reads a token to exchange from %s, and identifies it by its subject', async (_, source) => {
    const { identity, read } = await openSource(source(), effects);
    expect(identity).toBe('https://issuer.example.org#job');
    expect(await read()).toEqual({ subjectToken: jwt });
  });

  it('reads a rotated pair from a directory: both files', async () => {
    const { read } = await openSource({ kind: 'directory', directory }, effects);
    const next = keyPair();
    await writeFile(join(directory, 'ak'), next.ak);
    await writeFile(join(directory, 'sk'), next.sk);
    expect(await read()).toEqual({ pair: next });
  });

  it('never repeats what a wrong file contains', async () => {
    await writeFile(join(directory, 'sk'), 'hunter2');
    const { read } = await openSource({ kind: 'directory', directory }, effects);
    const error = await read().catch((caught: Error) => caught);
    expect(error).toMatchObject({
      message: `${directory}: not a key pair: ak and sk must be two different lower-case UUIDs`,
    });
  });

  it('names a file that cannot be read', async () => {
    await rm(join(directory, 'sk'));
    const { read } = await openSource({ kind: 'directory', directory }, effects);
    await expect(read()).rejects.toThrow(`cannot read ${join(directory, 'sk')}: ENOENT`);
  });

  it('says how to store a secret key that the keyring lacks', async () => {
    keyring.clear();
    const { read } = await openSource({ kind: 'keyring', accessKey: ak }, effects);
    await expect(read()).rejects.toMatchObject({ hint: expect.stringContaining('login --store keyring') });
  });

  it('rejects a token to exchange that is not a JWT', async () => {
    stdin = 'opaque';
    await expect(openSource({ kind: 'subject-token', file: '-' }, effects)).rejects.toThrow(
      'standard input: not a token',
    );
  });
});
