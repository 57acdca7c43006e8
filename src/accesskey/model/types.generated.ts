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
    /**
     * Mail address, shown to people; it is not checked and nothing is sent there.
     */
    email?: string;
    /**
     * First name, shown to people.
     */
    firstName?: string;
    /**
     * Last name, shown to people.
     */
    lastName?: string;
    /**
     * What the user is for, shown to people.
     */
    description?: string;
  };
  /**
   * While true no pair gets tokens, and those that were given stop working. The Secrets stay.
   */
  suspended?: boolean;
  /**
   * Names of ServiceAccounts in this namespace that may exchange their own token, projected for the operator's audience, for a token of the user (RFC 8693), without any key pair. A ServiceAccount that several live AccessKeys name gets none.
   *
   * @maxItems 16
   */
  serviceAccounts?: string[];
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
     * What the pair is for, in a few words for people.
     */
    description?: string;
    /**
     * Whether the pair can get tokens. The Secret stays when it is false.
     */
    enabled?: boolean;
    /**
     * When the pair stops working (RFC 3339). No token outlives it. Without it the pair does not expire.
     */
    expiresAt?: string;
    /**
     * Raise it to rotate the pair now: a new ak and sk are made in the same Secret. It cannot be lowered.
     */
    revision?: number;
    /**
     * How the pair is replaced by a new one.
     */
    rotation?: {
      /**
       * Time between two rotations, in hours, minutes and seconds (720h, 1h30m), one hour at least. Without it the pair rotates only when revision is raised.
       */
      interval?: string;
      /**
       * How long the previous pair works on after a rotation, in the same Secret under the keys previous-ak and previous-sk. Without it the previous pair stops at once.
       */
      overlap?: string;
    };
    /**
     * The Secret that holds the pair.
     */
    secret?: {
      /**
       * Key of the Secret's data under which the ak is. Default is ak.
       */
      akKey?: string;
      /**
       * Key of the Secret's data under which the sk is. Default is sk.
       */
      skKey?: string;
      /**
       * Labels of the Secret besides the operator's own. None is copied from the AccessKey itself, since GitOps tools would take the Secret for one of theirs.
       */
      labels?: {
        [k: string]: string;
      };
      /**
       * Annotations of the Secret besides the operator's own.
       */
      annotations?: {
        [k: string]: string;
      };
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
     * Active can get tokens, Rotating too, with the previous pair as well. Disabled and Expired follow spec. Conflict means that the Secret belongs to something else, or the user to another AccessKey. Pending has no Secret yet.
     */
    state: 'Active' | 'Rotating' | 'Disabled' | 'Expired' | 'Conflict' | 'Pending';
    /**
     * The revision that the pair was made for.
     */
    revision?: number;
    /**
     * When the pair was made.
     */
    createdAt?: string;
    /**
     * When the pair expires; absent when it does not.
     */
    expiresAt?: string;
    /**
     * When the pair is replaced next; absent without rotation.interval.
     */
    nextRotationAt?: string;
    /**
     * The pair before the last rotation, while it works on.
     */
    previous?: {
      /**
       * The ak.
       */
      accessKey: string;
      /**
       * When it stops working.
       */
      validUntil: string;
    };
    /**
     * When the pair, or a token given for it, was used last; up to a minute behind.
     */
    lastUsedTime?: string;
  }[];
}
