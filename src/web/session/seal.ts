import { CompactEncrypt, compactDecrypt, errors } from 'jose';

/** Encrypts a value as a compact JWE (RFC 7516 section 7.1). */
export function seal(value: unknown, key: Uint8Array): Promise<string> {
  const text = new TextEncoder().encode(JSON.stringify(value));
  return new CompactEncrypt(text).setProtectedHeader({ alg: 'dir', enc: 'A256GCM' }).encrypt(key);
}

/** @returns the decrypted value, or undefined if it was not sealed with this key */
export async function open(sealed: string, key: Uint8Array): Promise<unknown> {
  const algorithms = { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] };
  try {
    const { plaintext } = await compactDecrypt(sealed, key, algorithms);
    return JSON.parse(new TextDecoder().decode(plaintext));
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof SyntaxError || error instanceof TypeError)
      return undefined;
    throw error;
  }
}
