/** How a Secret stores a key pair: labels, annotations and data keys. */

/** Label of every Secret that the operator manages, for people and tools. */
export const managedBy = { label: 'app.kubernetes.io/managed-by', value: 'accesskey-operator' };
/** Label: name of the AccessKey that the Secret belongs to. */
export const accessKeyLabel = 'ghippo.io/access-key';
/** Label: name of the key pair that the Secret holds. */
export const keyPairLabel = 'ghippo.io/key-pair';

/** Annotations of a Secret. */
export const annotations = {
  /** Data keys of the pair. */
  akKey: 'ghippo.io/ak-key',
  skKey: 'ghippo.io/sk-key',
  /** The `revision` of the spec that the pair was generated for. */
  revision: 'ghippo.io/revision',
  /** RFC 3339. */
  generatedAt: 'ghippo.io/generated-at',
  /** End of the overlap, RFC 3339. */
  previousValidUntil: 'ghippo.io/previous-valid-until',
  /** Names of the labels and annotations that come from the spec: `{"labels": [], "annotations": []}`. */
  template: 'ghippo.io/template',
  /** The token in the Secret, see token-record.ts. Contains no secret. */
  token: 'ghippo.io/token',
  /** Set by a person: `<AccessKey>/<pair>` that may adopt this Secret. */
  adopt: 'ghippo.io/adopt',
} as const;

/** Data keys of the pair before the last rotation. */
export const previousKeys: DataKeys = { ak: 'previous-ak', sk: 'previous-sk' };
export const defaultDataKeys: DataKeys = { ak: 'ak', sk: 'sk' };

/** The keys of a Secret's data under which a pair is stored. */
export interface DataKeys {
  ak: string;
  sk: string;
}
