/** Reads a credential from where the user keeps it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isPair, type KeyPair } from '../../credential/key-pair.ts';
import type { Credential } from './request.ts';
import { unverifiedClaims } from './response.ts';
import { type CredentialSource, type Environment, variables } from './source.ts';
import { TokenError } from './token-error.ts';

/** A credential whose secret is read only if a token must be requested. */
export interface OpenedSource {
  /** Identifies the credential in the cache; not secret. */
  readonly identity: string;
  /** Tokens issued earlier are revoked, milliseconds since the epoch; undefined if that is unknown. */
  readonly tokensNotBefore?: number | undefined;
  /** @throws TokenError if the secret cannot be read or is malformed */
  read(): Promise<Credential>;
}

/** A key pair from its Secret. */
export interface SecretPair {
  readonly pair: KeyPair;
  /** As in OpenedSource. */
  readonly tokensNotBefore?: number | undefined;
}

/** What reading a source needs. */
export interface SourceEffects {
  readonly env: Environment;
  /** @returns everything on standard input */
  readonly readStdin: () => Promise<string>;
  /** @returns the sk that the keyring has for an ak; undefined if it has none. @throws TokenError */
  readonly readKeyring: (ak: string) => Promise<string | undefined>;
  /** Reads the key pair of a `NAME/PAIR` from its Secret. */
  readonly readSecret: (pair: string) => Promise<SecretPair>;
}

/** @throws TokenError if the source cannot be read, or has no key pair or token */
export async function openSource(source: CredentialSource, effects: SourceEffects): Promise<OpenedSource> {
  const { env } = effects;
  switch (source.kind) {
    case 'environment':
      return ofPair(checkPair(env[variables.accessKey], env[variables.secretKey], 'the environment'));
    case 'secret':
      return ofSecret(await effects.readSecret(source.pair));
    case 'directory':
      return openDirectory(source.directory);
    case 'file': {
      const { accessKey, file } = source;
      return later(accessKey, async () => checkPair(accessKey, await readText(file, effects), sourceName(file)));
    }
    case 'keyring':
      return later(source.accessKey, () => pairInKeyring(source.accessKey, effects));
    case 'subject-token':
      return ofSubject(await readText(source.file, effects), sourceName(source.file));
    case 'subject-token-environment':
      return ofSubject(env[variables.subjectToken] ?? '', variables.subjectToken);
  }
}

function ofPair(pair: KeyPair): OpenedSource {
  return { identity: pair.ak, read: async () => ({ pair }) };
}

function ofSecret({ pair, tokensNotBefore }: SecretPair): OpenedSource {
  return { ...ofPair(pair), tokensNotBefore };
}

function later(ak: string, read: () => Promise<KeyPair>): OpenedSource {
  return { identity: ak, read: async () => ({ pair: await read() }) };
}

/** The ak is read again with the sk, because the kubelet replaces both files when the pair is rotated. */
async function openDirectory(directory: string): Promise<OpenedSource> {
  const read = (name: string) => readSecretFile(join(directory, name));
  const readPair = async () => checkPair(await read('ak'), await read('sk'), directory);
  return later(await read('ak'), readPair);
}

async function pairInKeyring(ak: string, { readKeyring }: SourceEffects): Promise<KeyPair> {
  const sk = await readKeyring(ak);
  if (sk !== undefined) return checkPair(ak, sk, 'the keyring');
  throw new TokenError('credential', `the keyring has no secret key for the access key ${ak}`, {
    hint: 'Store it with `kubectl accesskey login --store keyring`.',
  });
}

/** The identity is that of the subject, so that the cache survives a renewal of its token. */
function ofSubject(text: string, from: string): OpenedSource {
  const subjectToken = text.trim();
  const { iss, sub } = unverifiedClaims(subjectToken) ?? {};
  if (typeof iss !== 'string' || typeof sub !== 'string') {
    throw new TokenError('credential', `${from}: not a token with an issuer and a subject (JWT)`);
  }
  return { identity: `${iss}#${sub}`, read: async () => ({ subjectToken }) };
}

/** @throws TokenError that contains neither value: the wrong file may hold any secret */
function checkPair(ak = '', sk = '', from: string): KeyPair {
  const pair = { ak: ak.trim(), sk: sk.trim() };
  if (isPair(pair.ak, pair.sk)) return pair;
  throw new TokenError('credential', `${from}: not a key pair: ak and sk must be two different lower-case UUIDs`);
}

function sourceName(file: string): string {
  return file === '-' ? 'standard input' : file;
}

async function readText(file: string, { readStdin }: SourceEffects): Promise<string> {
  return file === '-' ? await readStdin() : await readSecretFile(file);
}

/** @throws TokenError that names the file */
async function readSecretFile(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw new TokenError('credential', `cannot read ${file}: ${(error as NodeJS.ErrnoException).code}`);
  }
}
