import { readFile } from 'node:fs/promises';
import { TokenError } from './token-error.ts';

/**
 * Reads the certificate authorities of `--ca-file`.
 *
 * @param file undefined if the flag is not set
 * @returns PEM; undefined without a file
 * @throws TokenError that names the file
 */
export async function readCA(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new TokenError('credential', `--ca-file: cannot read ${file}: ${error.code}`);
  });
}
