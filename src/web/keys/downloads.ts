/** The pair in the forms in which people keep it: pure. */
import { stringify } from 'yaml';
import type { KeyPair } from '../../credential/key-pair.ts';

/** Where the pair is in the cluster. */
export interface PairPlace {
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

/** The values are of a form of ours; what is no name is not put into a file. */
export function downloadOf(format: Format, { ak, sk }: KeyPair, { name, namespace, secret }: PairPlace): Download {
  switch (format) {
    case 'json':
      return file('json', 'application/json', `${JSON.stringify({ name, ak, sk }, null, 2)}\n`);
    case 'env':
      return file('env', 'text/plain; charset=utf-8', `ACCESS_KEY=${ak}\nSECRET_KEY=${sk}\n`);
    case 'secret':
      return file('yaml', 'application/yaml', secretManifest());
  }
  function file(ending: string, type: string, text: string): Download {
    return { file: `access-key-${name}.${ending}`, type, text };
  }
  /** Of the usual type, for another cluster: here the operator keeps the Secret. */
  function secretManifest(): string {
    const metadata = { name: secret, namespace };
    return stringify({ apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', stringData: { ak, sk } });
  }
}
