// Generated from crds/accesskeys.ghippo.io.yaml by npm run generate. Do not edit.
/**
 * Desired state of the AccessKey.
 */
export interface AccessKeySpec {
  /**
   * The user that the tokens identify. Whoever writes an AccessKey can act as this user, so the admission policy requires the author to be the user and a member of each group, or to have permission to impersonate the user and the other groups.
   */
  user: {
    /**
     * Kubernetes name of the user, used as the preferred_username claim of the tokens. Immutable. Only one AccessKey in the cluster can hold a user. If several name the same user, the oldest one holds it.
     */
    name: string;
    /**
     * Groups of the user, used as the groups claim of the tokens.
     *
     * @maxItems 16
     */
    groups?: string[];
    /**
     * Email address, for display only. It is not verified, and no mail is sent to it.
     */
    email?: string;
    /**
     * First name, for display only.
     */
    firstName?: string;
    /**
     * Last name, for display only.
     */
    lastName?: string;
    /**
     * Purpose of the user, for display only.
     */
    description?: string;
  };
  /**
   * If true, no pair can get tokens, and tokens that were already issued are rejected. The Secrets are kept.
   */
  suspended?: boolean;
  /**
   * Names of ServiceAccounts in this namespace that may exchange their own token, projected for the operator's audience, for a token of the user (RFC 8693) without a key pair. A ServiceAccount that is listed in several live AccessKeys gets no token.
   *
   * @maxItems 16
   */
  serviceAccounts?: string[];
  /**
   * Subjects of other issuers that may exchange their own token (a JWT) for a token of the user, without a key pair. The operator's configuration must trust the issuer. A subject that is listed in several live AccessKeys gets no token.
   *
   * @maxItems 16
   */
  federated?: {
    /**
     * iss claim of the token, a URL. It must match exactly.
     */
    issuer: string;
    /**
     * sub claim of the token, for example repo:example/shop:ref:refs/heads/main. It must match exactly.
     */
    subject: string;
    /**
     * aud claim of the token. It must match exactly.
     */
    audience: string;
  }[];
  /**
   * Audiences, in addition to the operator's own, that a request for a token may select, one at a time (aud claim). A token without a selected audience has that of the operator's configuration, if any.
   *
   * @maxItems 16
   */
  audiences?: string[];
  /**
   * Key pairs of the user. At most two, so that one can be replaced while the other is used.
   *
   * @maxItems 2
   */
  keyPairs?: {
    /**
     * Name of the pair, an RFC 1123 label. Unique within the AccessKey.
     */
    name: string;
    /**
     * Purpose of the pair, for display only.
     */
    description?: string;
    /**
     * Set by the platform API for the pair of an access token, which it lists and deletes. Tokens of such a pair cannot create other access tokens.
     */
    accessToken?: boolean;
    /**
     * Whether the pair can get tokens. If false, the Secret is kept.
     */
    enabled?: boolean;
    /**
     * Time at which the pair expires (RFC 3339). Tokens of the pair expire at this time at the latest. If unset, the pair does not expire.
     */
    expiresAt?: string;
    /**
     * Raise the revision above the one in the status to rotate the pair immediately: the operator writes a new ak and sk to the same Secret. A revision that is unset, lower or the same changes nothing: the status keeps the highest revision that the pair has had.
     */
    revision?: number;
    /**
     * Validity of the tokens of this pair in hours, minutes and seconds (10m, 1h30m), unless a request asks for another one. At least 10 minutes; the operator limits it to its maximum and to the time at which the pair expires. If unset, the operator's default applies.
     */
    tokenLifetime?: string;
    /**
     * A signed token that the operator keeps in the Secret of the pair, as plain text, for tools that cannot request one. It is renewed after half of its validity at the latest, and removed while the pair cannot get tokens.
     */
    token?: {
      /**
       * Key of the token in the data of the Secret.
       */
      key?: string;
      /**
       * Validity of each token in hours, minutes and seconds (24h, 1h30m), at least 10 minutes; the operator limits it to its maximum and to the time at which the pair expires.
       */
      validFor?: string;
      /**
       * Audience of the token, one of spec.audiences. If unset, the token has the audience of the operator's configuration.
       */
      audience?: string;
    };
    /**
     * The operator rejects tokens of this pair that were issued before this time (RFC 3339), while the pair stays valid. Set it to the current time to revoke the issued tokens. Until a time in the future, the pair gets no tokens.
     */
    tokensNotBefore?: string;
    /**
     * Networks (IPv4 or IPv6) from which the pair and its tokens may be used, at most 16. The operator checks the address of the client when it issues a token and when a token is used at the operator. If unset, every address is allowed.
     *
     * @minItems 1
     * @maxItems 16
     */
    allowedCIDRs?: string[];
    /**
     * Automatic rotation of the pair.
     */
    rotation?: {
      /**
       * Time between two rotations in hours, minutes and seconds (720h, 1h30m), at least one hour. If unset, the pair is rotated only when revision is raised.
       */
      interval?: string;
      /**
       * How long the previous pair stays valid after a rotation. It is kept in the same Secret under the keys previous-ak and previous-sk. If unset, the previous pair stops working immediately.
       */
      overlap?: string;
      /**
       * Limit to which the overlap is extended while the previous pair is in use: each use in the last half of the overlap extends it by another half. If unset, the overlap is not extended.
       */
      maxOverlap?: string;
    };
    /**
     * The Secret that holds the pair.
     */
    secret?: {
      /**
       * Key of the ak in the data of the Secret. Defaults to ak.
       */
      akKey?: string;
      /**
       * Key of the sk in the data of the Secret. Defaults to sk.
       */
      skKey?: string;
      /**
       * Additional labels of the Secret. Labels of the AccessKey are not copied, because GitOps tools would then treat the Secret as one of their own objects.
       */
      labels?: {
        [k: string]: string;
      };
      /**
       * Additional annotations of the Secret.
       */
      annotations?: {
        [k: string]: string;
      };
      /**
       * Name of the Secret, in the namespace of the AccessKey. Defaults to <AccessKey name>-<pair name>.
       */
      name?: string;
    };
  }[];
}
/**
 * Observed state of the AccessKey.
 */
export interface AccessKeyStatus {
  /**
   * The metadata.generation that this status describes.
   */
  observedGeneration?: number;
  /**
   * ID of the user, used as the sub claim of the tokens. It is the uid of this AccessKey.
   */
  userID?: string;
  /**
   * Summary of keyPairs for the columns of kubectl get, which cannot show lists.
   */
  summary?: {
    /**
     * Number of key pairs that can get tokens, of all, for example 1/2.
     */
    usable?: string;
    /**
     * Earliest time at which a usable key pair expires. Unset if none expires.
     */
    nextExpiry?: string;
    /**
     * Latest lastUsedTime of the key pairs and ServiceAccounts. Unset if none was used.
     */
    lastUsedTime?: string;
    /**
     * Names of the key pairs, separated by commas.
     */
    names?: string;
    /**
     * The ak of each key pair that has one, separated by commas.
     */
    accessKeys?: string;
  };
  /**
   * Ready is always set. Reconciling is set while work is in progress or being retried, Stalled while a problem needs manual intervention, Overridden while an admission policy or another controller changes what the operator writes to a Secret, ExpiresSoon while a key pair expires soon and no other key pair is valid longer, NotCompliant while the AccessKey does not comply with the guardrails of the administrators.
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
   * Secrets that hold replaced keys and whose deletion the API server rejects. Their keys are not valid, even if the Secret with the current keys is deleted. An entry is removed when its Secret is deleted or no longer belongs to the AccessKey.
   */
  formerSecrets?: {
    /**
     * Name of the Secret.
     */
    name: string;
    /**
     * metadata.uid of the Secret.
     */
    uid: string;
  }[];
  /**
   * Observed state of the key pairs. It never contains the sk.
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
     * An Active pair can get tokens. While a pair is Rotating, the previous pair is also valid. A Disabled pair is disabled or suspended in the spec, or is being removed. Expired means that expiresAt has passed. Conflict means that the Secret name is taken or that another AccessKey holds the user. A Pending pair has no Secret yet, or the operator's watch does not show it yet, or its rotation without an overlap has not succeeded yet.
     */
    state: 'Active' | 'Rotating' | 'Disabled' | 'Expired' | 'Conflict' | 'Pending';
    /**
     * The pair was removed from keyPairs, which has revoked it, but its Secret has not been deleted yet. If the pair is added again, it gets a new ak and sk before it can get tokens.
     */
    removed?: boolean;
    /**
     * The highest revision that the pair has had.
     */
    revision?: number;
    /**
     * Time at which the pair was created.
     */
    createdAt?: string;
    /**
     * Time at which the pair expires. Unset if it does not expire.
     */
    expiresAt?: string;
    /**
     * The last expiry warning of the pair: an Event reported that the pair expires in less than this number of days, and that no other pair is valid longer.
     */
    expiryWarningDays?: number;
    /**
     * Time of the next rotation. Unset if rotation.interval is unset.
     */
    nextRotationAt?: string;
    /**
     * The previous pair, while it is valid.
     */
    previous?: {
      /**
       * The ak.
       */
      accessKey: string;
      /**
       * Time at which the previous pair stops working.
       */
      validUntil: string;
      /**
       * Time at which the previous pair, or a token issued for it, was last used.
       */
      lastUsedTime?: string;
      /**
       * IP address of the client that last used the previous pair.
       */
      lastClientAddress?: string;
    };
    /**
     * Time at which the pair, or a token issued for it, was last used. Up to one minute out of date. Before createdAt if the pair was not used since it was rotated.
     */
    lastUsedTime?: string;
    /**
     * IP address of the client that last used the pair.
     */
    lastClientAddress?: string;
  }[];
  /**
   * Last use of the ServiceAccounts in spec.serviceAccounts that have received a token of the user.
   */
  serviceAccounts?: {
    name: string;
    /**
     * Time at which the ServiceAccount last exchanged its token, or a token of the user that it got was last used. Up to one minute out of date.
     */
    lastUsedTime?: string;
    /**
     * IP address of that client.
     */
    lastClientAddress?: string;
  }[];
}
