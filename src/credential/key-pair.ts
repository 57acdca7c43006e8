import { hash, randomUUID, timingSafeEqual } from 'node:crypto';

/** An access key and its secret key. */
export interface KeyPair {
  /** The access key identifies the pair and is not secret. A random UUID (RFC 9562, version 4). */
  ak: string;
  /** The secret key: a UUID with 122 random bits. */
  sk: string;
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Generates a pair with the CSPRNG of node:crypto. */
export function generateKeyPair(): KeyPair {
  return { ak: randomUUID(), sk: randomUUID() };
}

/** Whether a value has the format of an ak or sk: a lower-case UUID. */
export function isKey(value: string): boolean {
  return uuid.test(value);
}

/** Whether two values can be a pair. They must differ, otherwise the ak would reveal the sk. */
export function isPair(ak: string, sk: string): boolean {
  return isKey(ak) && isKey(sk) && ak !== sk;
}

/**
 * SHA-256 of a secret key, 32 bytes. A password hash is not needed, because 122 random bits cannot be guessed.
 */
export function digestOf(sk: string): Buffer {
  return hash('sha256', sk, 'buffer');
}

/** Whether a secret key has this digest. Compares in constant time. */
export function matches(sk: string, digest: Buffer): boolean {
  // Twice as fast as digestOf, which allocates a Buffer of its own because its result is cached.
  return timingSafeEqual(Buffer.from(hash('sha256', sk, 'hex'), 'hex'), digest);
}
