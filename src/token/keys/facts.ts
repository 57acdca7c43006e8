/** JWS algorithms that keys are made for (RFC 7518 sections 3.3 and 3.4; RFC 8037 section 3.1, with Ed25519). */
export const algorithms = ['RS256', 'ES256', 'EdDSA'] as const;
export type Algorithm = (typeof algorithms)[number];

/** next: published, does not sign yet. active: signs. retired: verifies until its last token has run out. */
export const keyStates = ['next', 'active', 'retired'] as const;
export type KeyState = (typeof keyStates)[number];

/** What is decided on of a key. Times are milliseconds since the epoch. */
export interface KeyFacts {
  kid: string;
  algorithm: Algorithm;
  state: KeyState;
  /** Absent at most in a set from before there were times. */
  createdAt?: number;
  activatedAt?: number;
  retiredAt?: number;
  /** When the last token that it signed has run out. */
  verifyUntil?: number;
  /** Of an active key: the greatest `token.maxCycle` that was configured while it signed, days. */
  longestCycle?: number;
}

/** How keys follow each other. */
export interface KeyPolicy {
  algorithm: Algorithm;
  /** How long a key signs, days; 0: until somebody asks for another. */
  rotationDays: number;
  /** How long a key is published before it signs, hours. */
  publishAheadHours: number;
  /** The longest validity of a token, days. */
  maxCycle: number;
}

export const defaultKeyPolicy: KeyPolicy = {
  algorithm: 'RS256',
  rotationDays: 30,
  publishAheadHours: 24,
  maxCycle: 30,
};

/** What a person asks for, by kid. A kid that no key has, or no longer has, asks for nothing. */
export interface KeyRequests {
  /** The key of this kid is to go at once, with its tokens. */
  revoke?: string | undefined;
  /** The active key is to retire, as if its time had come. */
  rotate?: string | undefined;
}
