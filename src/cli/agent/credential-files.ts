import { createHash } from 'node:crypto';
import { openSource, type SourceEffects } from '../token/read-source.ts';
import type { Credential } from '../token/request.ts';
import type { CredentialSource } from '../token/source.ts';
import { TokenError } from '../token/token-error.ts';

/** A credential that the agent can follow, because something else keeps it up to date in files. */
export type FileSource = Extract<CredentialSource, { kind: 'directory' | 'subject-token' }>;

/** The content of the files, or why they cannot be used. */
export interface FoundCredential {
  /** Changes with the content of the files, or with the problem. */
  readonly fingerprint: string;
  /** Undefined if there is a problem. */
  readonly credential: Credential | undefined;
  /** The file and the problem, without any of its content. */
  readonly problem: string | undefined;
}

/** Reads the credential. Does not reject for unusable files: a mounted Secret can be missing for a moment. */
export async function findCredential(source: FileSource): Promise<FoundCredential> {
  try {
    const credential = await readConsistently(source);
    return { fingerprint: fingerprintOf(credential), credential, problem: undefined };
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    return { fingerprint: error.message, credential: undefined, problem: error.message };
  }
}

/** Reads twice, because the kubelet may update the Secret between the reads of ak and sk. */
async function readConsistently(source: FileSource): Promise<Credential> {
  const first = await read(source);
  const second = await read(source);
  return fingerprintOf(first) === fingerprintOf(second) ? second : readConsistently(source);
}

async function read(source: FileSource): Promise<Credential> {
  return (await openSource(source, filesOnly)).read();
}

/** Effects of sources that are not files. They are never called for a FileSource. */
const filesOnly: SourceEffects = {
  env: {},
  readStdin: () => Promise.reject(notAFile()),
  readKeyring: () => Promise.reject(notAFile()),
  readSecret: () => Promise.reject(notAFile()),
};

function notAFile(): TokenError {
  return new TokenError('usage', 'the agent reads its credential from files only');
}

function fingerprintOf(credential: Credential): string {
  return createHash('sha256').update(JSON.stringify(credential)).digest('hex');
}
