import { replaceFile } from '../files/replace-file.ts';
import type { Credential } from '../token/request.ts';
import type { IssuedToken } from '../token/response.ts';
import { TokenError } from '../token/token-error.ts';
import type { FoundCredential } from './credential-files.ts';
import { RefreshFailure, toRefreshFailure } from './failure.ts';
import type { AgentOptions } from './options.ts';
import type { Validity } from './schedule.ts';

export interface RefreshDependencies {
  readonly options: Pick<AgentOptions, 'tokenFile' | 'attributes'>;
  /** @throws TokenError; the reason of the signal if it aborts */
  readonly requestToken: (credential: Credential, signal: AbortSignal) => Promise<IssuedToken>;
  /** The steady clock, milliseconds. */
  readonly now: () => number;
}

/**
 * Requests a token and writes it to the file. If this fails, the file is unchanged.
 *
 * @returns its validity on the steady clock, which does not depend on the clock of the server
 * @throws RefreshFailure; the reason of the signal if it aborts
 */
export async function refresh(
  { credential, problem = '' }: FoundCredential,
  { options, requestToken, now }: RefreshDependencies,
  signal: AbortSignal,
): Promise<Validity> {
  if (credential === undefined) throw new RefreshFailure(problem, 'credential');
  // Before the request, so that the expiry is never later than the real one.
  const obtainedAt = now();
  const issued = await requestToken(credential, signal).catch((error) => {
    throw error instanceof TokenError ? toRefreshFailure(error) : error;
  });
  await write(options, issued.token);
  return { obtainedAt, expiresAt: obtainedAt + issued.expiresAt - issued.issuedAt };
}

async function write({ tokenFile, attributes }: RefreshDependencies['options'], token: string): Promise<void> {
  try {
    await replaceFile(tokenFile, token, attributes);
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw new RefreshFailure(`${tokenFile}: cannot be written (${code})`, 'file');
  }
}
