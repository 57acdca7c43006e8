import { secretTypes } from '../../../src/kube/own-names.ts';
import type { Transport } from '../../../src/kube/transport.ts';
import { follow, isUUID, type RawSecret, valuesOf } from '../../support/secret-keys.ts';
import { accessKeysPath, secretsPath } from './admin.ts';

/** Everything that the API server's watches reported to the administrator. */
export interface History {
  /** The aks that a pair has had, oldest first. */
  aksOf(ownerUID: string, pairName: string): readonly string[];
  /** Every version of every AccessKey, as JSON. */
  readonly accessKeyVersions: readonly string[];
  stop(): Promise<void>;
}

/** Starts recording; resolves when the existing objects are read. */
export async function startHistory(transport: Transport): Promise<History> {
  const aks = new Map<string, string[]>();
  const accessKeyVersions: string[] = [];
  const stopping = new AbortController();

  function recordSecret(secret: RawSecret): void {
    if (secret.type !== secretTypes.accessKey) return;
    const { ak } = valuesOf(secret);
    const name = secret.metadata.labels?.['ghippo.io/key-pair'];
    const owner = ownerOf(secret);
    if (!name || !owner || !isUUID(ak)) return;
    const known = aks.get(`${owner}/${name}`) ?? [];
    if (!known.includes(ak)) aks.set(`${owner}/${name}`, [...known, ak]);
  }

  const running = [
    follow({
      transport,
      path: secretsPath(),
      signal: stopping.signal,
      onObject: (secret) => recordSecret(secret as RawSecret),
    }),
    follow({
      transport,
      path: accessKeysPath(),
      signal: stopping.signal,
      onObject: (one) => accessKeyVersions.push(JSON.stringify(one)),
    }),
  ];
  await Promise.all(running.map(({ synced }) => synced));
  return {
    aksOf: (owner, pairName) => aks.get(`${owner}/${pairName}`) ?? [],
    accessKeyVersions,
    async stop() {
      stopping.abort();
      await Promise.all(running.map(({ ended }) => ended));
    },
  };
}

/** @returns the uid of the AccessKey that controls a Secret, or undefined */
export function ownerOf({ metadata }: RawSecret): string | undefined {
  return metadata.ownerReferences?.find((one) => one.controller && one.kind === 'AccessKey')?.uid;
}

/** Whether a Secret belongs to this pair, by its owner and label. */
export function isOfPair(secret: RawSecret, ownerUID: string, pairName: string): boolean {
  return ownerOf(secret) === ownerUID && secret.metadata.labels?.['ghippo.io/key-pair'] === pairName;
}
