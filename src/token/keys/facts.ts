/**
 * JWS algorithms of signing keys (RFC 7518 sections 3.3 and 3.4). EdDSA (RFC 8037 section 3.1, with Ed25519) and Ed25519
 * (RFC 9864) are two names of one algorithm.
 */
export const algorithms = ['RS256', 'ES256', 'EdDSA', 'Ed25519'] as const;
export type Algorithm = (typeof algorithms)[number];

/** next: published, not signing yet. active: signs. retired: verifies until its last token has expired. */
export const keyStates = ['next', 'active', 'retired'] as const;
export type KeyState = (typeof keyStates)[number];

/** Metadata of a key, the input of rotation. Times are milliseconds since the epoch. */
export interface KeyFacts {
  kid: string;
  algorithm: Algorithm;
  state: KeyState;
  /** Absent only in a set that was stored before keys had times. */
  createdAt?: number;
  activatedAt?: number;
  retiredAt?: number;
  /** When the last token signed by this key expires. */
  verifyUntil?: number;
  /** Of an active key: the greatest `token.maxCycle` configured while it was signing. */
  longestCycleDays?: number;
}

/** When keys are rotated. */
export interface KeyPolicy {
  algorithm: Algorithm;
  /** How long a key signs, days; 0: until a rotation is requested. */
  rotationDays: number;
  /** How long a key is published before it signs, hours. */
  publishAheadHours: number;
  /** The longest validity of a token. */
  maxCycleDays: number;
}

/** Requests in annotations of the Secret. An unknown kid has no effect. */
export interface KeyRequests {
  /** Kids of the keys to remove, whose tokens become invalid immediately. */
  revoke: readonly string[];
  /** Kid of the active key to retire as soon as the next key may sign. */
  rotate?: string | undefined;
}
