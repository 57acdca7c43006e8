import { hash, randomUUID, timingSafeEqual } from 'node:crypto';

/** An access key and its secret key. */
export interface KeyPair {
  /** The access key: names the pair, not secret. A UUID (RFC 9562, version 4). */
  ak: string;
  /** The secret key: a UUID of 122 random bits. */
  sk: string;
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Makes a pair from the operating system's random numbers (node:crypto, a CSPRNG). */
export function generateKeyPair(): KeyPair {
  return { ak: randomUUID(), sk: randomUUID() };
}

/** Whether a value has the form of an ak or sk: a UUID in lower case. */
export function isKey(value: string): boolean {
  return uuid.test(value);
}

/** Whether two values can be a pair: keys, and not the same one, or the ak would give the sk away. */
export function isPair(ak: string, sk: string): boolean {
  return isKey(ak) && isKey(sk) && ak !== sk;
}

/**
 * SHA-256 of a secret key, 32 bytes. A plain hash is enough, since an sk has 122 random bits: there is nothing to guess
 * that a slow hash would protect.
 */
export function digestOf(sk: string): Buffer {
  return hash('sha256', sk, 'buffer');
}

/** Compares in constant time whether a secret key has this digest. */
export function matches(sk: string, digest: Buffer): boolean {
  // Not digestOf: a Buffer with memory of its own, as what is kept must have, takes twice as long to make.
  return timingSafeEqual(Buffer.from(hash('sha256', sk, 'hex'), 'hex'), digest);
}
