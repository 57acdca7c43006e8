// Generated from crds/accesskeys.ghippo.io.yaml by tools/generate-types.ts (npm run generate). Do not edit.
/**
 * What is wanted, the user and the key pairs.
 */
export interface AccessKeySpec {
  /**
   * Whom the tokens name. Who writes this may act as the user, so the admission policy lets through only the user themselves and who may impersonate the user and each group.
   */
  user: {
    /**
     * Name of the user as Kubernetes knows it; the preferred_username claim of the tokens. Immutable. In the whole cluster one AccessKey holds a user's pairs; of several the oldest wins.
     */
    name: string;
    /**
     * Groups of the user; the groups claim of the tokens.
     *
     * @maxItems 16
     */
    groups?: string[];
  };
  /**
   * The key pairs, two at most, so that one can be replaced while the other works.
   *
   * @maxItems 2
   */
  keyPairs?: {
    /**
     * Name of the pair, unique in this AccessKey (an RFC 1123 label).
     */
    name: string;
    /**
     * Whether the pair can get tokens. The Secret stays when it is false.
     */
    enabled?: boolean;
    /**
     * When the pair stops working (RFC 3339). No token outlives it. Without it the pair does not expire.
     */
    expiresAt?: string;
    /**
     * The Secret that holds the pair under the keys ak and sk.
     */
    secret?: {
      /**
       * Name of the Secret, in the namespace of the AccessKey. Default is the AccessKey's name, a hyphen and the pair's name.
       */
      name?: string;
    };
  }[];
}
/**
 * What the operator found and did.
 */
export interface AccessKeyStatus {
  /**
   * The metadata.generation that this status was made from.
   */
  observedGeneration?: number;
  /**
   * Identity of the user, the sub claim of the tokens; the uid of this AccessKey.
   */
  userID?: string;
  /**
   * Ready, and while they hold Reconciling (work is under way or is being retried) and Stalled (only a person can mend it).
   */
  conditions?: {
    type: string;
    status: 'True' | 'False' | 'Unknown';
    observedGeneration?: number;
    lastTransitionTime: string;
    reason: string;
    message: string;
  }[];
  /**
   * The key pairs as they are; never the sk.
   */
  keyPairs?: {
    name: string;
    /**
     * The ak.
     */
    accessKey?: string;
    /**
     * Name of the Secret that holds the pair.
     */
    secretName: string;
    /**
     * Active can get tokens. Disabled and Expired follow spec. Conflict means that the Secret belongs to something else, or the user to another AccessKey. Pending has no Secret yet.
     */
    state: 'Active' | 'Disabled' | 'Expired' | 'Conflict' | 'Pending';
    /**
     * When the Secret was created.
     */
    createdAt?: string;
    /**
     * When the pair expires; absent when it does not.
     */
    expiresAt?: string;
  }[];
}
