import { hash } from 'node:crypto';
import type { KubeConfig } from '@kubernetes/client-node';
import { maxKubeconfigBytes, parseEmbeddedKubeconfig } from '../kube/embedded-kubeconfig.ts';
import { KubeconfigError } from '../kube/kubeconfig.ts';
import { clusterLabel } from '../kube/own-names.ts';
import type { RawObject } from '../kube/raw-object.ts';
import type { Stored } from '../kube/store.ts';

/** Key in the data of the Secret. */
const kubeconfigKey = 'kubeconfig';

/** The registration of a cluster by a Secret in the operator's namespace. */
export interface Registration extends Stored {
  readonly namespace: string;
  readonly secretName: string;
  readonly uid: string;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly deleting: boolean;
  /** Requested name of the cluster; any label value. */
  readonly name: string;
  /** Equal only for equal kubeconfigs. */
  readonly fingerprint: string;
  /** The kubeconfig, or the reason why it is rejected. */
  readonly kubeconfig: KubeConfig | KubeconfigError;
}

/** Reads a labelled Secret, whose content can be anything. */
export function toRegistration(raw: RawObject): Registration {
  const { name, namespace = '', resourceVersion, uid, labels, creationTimestamp, deletionTimestamp } = raw.metadata;
  const encoded = ((raw.data ?? {}) as Record<string, string | undefined>)[kubeconfigKey];
  return {
    key: `${namespace}/${name}`,
    namespace,
    secretName: name,
    resourceVersion,
    uid: String(uid),
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
    // Base64 adds a third to the size; the parser checks the exact limit.
    return parseEmbeddedKubeconfig(Buffer.from(encoded.slice(0, maxKubeconfigBytes * 2), 'base64').toString('utf8'));
  } catch (error) {
    return error instanceof KubeconfigError ? error : new KubeconfigError('cannot be read');
  }
}
