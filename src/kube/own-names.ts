/** Names that the operator gives to Secrets, and by which it finds them. Pure. */

/** Types of the Secrets that the operator creates. */
export const secretTypes = {
  /** Holds a key pair; immutable, so the watch selects by it. */
  accessKey: 'ghippo.io/access-key',
  signingKeys: 'ghippo.io/signing-keys',
  /** Holds the session key of the web console. */
  webSession: 'ghippo.io/web-session',
  /** Lists the sign-ons that the identity provider has ended. */
  webSignOuts: 'ghippo.io/web-sign-outs',
} as const;

export type SecretType = (typeof secretTypes)[keyof typeof secretTypes];

/** Label of a Secret that registers a cluster. Its value is the name of the cluster. */
export const clusterLabel = 'ghippo.io/cluster';
