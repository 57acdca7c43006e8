/** A pair as a file to download; pure. */
import { stringify } from 'yaml';
import type { KeyPair } from '../../credential/key-pair.ts';

/** Location of the pair in the cluster. */
export interface PairLocation {
  /** Name of the pair. */
  name: string;
  namespace: string;
  /** Name of its Secret. */
  secret: string;
}

export const formats = ['json', 'env', 'secret'] as const;
export type Format = (typeof formats)[number];

export interface Download {
  file: string;
  type: string;
  text: string;
}

export function downloadOf(format: Format, { ak, sk }: KeyPair, { name, namespace, secret }: PairLocation): Download {
  switch (format) {
    case 'json':
      return file('json', 'application/json', `${JSON.stringify({ name, ak, sk }, null, 2)}\n`);
    case 'env':
      return file('env', 'text/plain; charset=utf-8', `ACCESS_KEY=${ak}\nSECRET_KEY=${sk}\n`);
    case 'secret':
      return file('yaml', 'application/yaml', secretManifest());
  }
  function file(extension: string, type: string, text: string): Download {
    return { file: `access-key-${name}.${extension}`, type, text };
  }
  /** A plain Secret for another cluster. In this cluster the operator manages the Secret. */
  function secretManifest(): string {
    const metadata = { name: secret, namespace };
    return stringify({ apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', stringData: { ak, sk } });
  }
}
