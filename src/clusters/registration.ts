import { hash } from 'node:crypto';
import type { KubeConfig } from '@kubernetes/client-node';
import { maxKubeconfigBytes, parseEmbeddedKubeconfig } from '../kube/embedded-kubeconfig.ts';
import { KubeconfigError } from '../kube/kubeconfig.ts';
import type { RawObject } from '../kube/list-watch.ts';
import type { Stored } from '../kube/store.ts';

/** Label that makes a Secret the registration of a cluster; its value is the cluster's name. */
export const clusterLabel = 'ghippo.io/cluster';
/** Key of the Secret's data. */
const kubeconfigKey = 'kubeconfig';

/** What a Secret of the operator's namespace says about a cluster. */
export interface Registration extends Stored {
  readonly namespace: string;
  readonly secretName: string;
  readonly uid: string;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly deleting: boolean;
  /** What the cluster is to be called; anything that a label's value can be. */
  readonly name: string;
  /** Equal only for equal kubeconfigs. */
  readonly fingerprint: string;
  /** The way into the cluster; an error says why there is none. */
  readonly kubeconfig: KubeConfig | KubeconfigError;
}

/** Makes the record of a labelled Secret. What is in it may be anything. */
export function toRegistration(raw: RawObject): Registration {
  const { name, namespace = '', resourceVersion, uid, labels, creationTimestamp, deletionTimestamp } = raw.metadata;
  const encoded = ((raw.data ?? {}) as Record<string, string | undefined>)[kubeconfigKey];
  return {
    ...{ key: `${namespace}/${name}`, namespace, secretName: name, resourceVersion, uid: String(uid) },
    createdAt: String(creationTimestamp),
    deleting: deletionTimestamp !== undefined,
    name: (labels as Record<string, string> | undefined)?.[clusterLabel] ?? '',
    fingerprint: hash('sha256', encoded ?? ''),
    kubeconfig: readKubeconfig(encoded),
  };
}

function readKubeconfig(encoded: string | undefined): KubeConfig | KubeconfigError {
  if (!encoded) return new KubeconfigError('is missing');
  try {
    // Base64 is a third longer than what it says; the exact bound is the parser's.
    return parseEmbeddedKubeconfig(Buffer.from(encoded.slice(0, maxKubeconfigBytes * 2), 'base64').toString('utf8'));
  } catch (error) {
    return error instanceof KubeconfigError ? error : new KubeconfigError('cannot be read');
  }
}
