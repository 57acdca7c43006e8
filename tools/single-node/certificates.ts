import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../run-command.ts';

/** Files of a certificate and its key, PEM. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

/** The client certificates of a node, and their CA. */
export interface NodeCertificates {
  readonly authority: CertificateFiles;
  /** Client certificate of kube-apiserver for the kubelet. */
  readonly apiServer: CertificateFiles;
  readonly kubelet: CertificateFiles;
  readonly kubeProxy: CertificateFiles;
}

const ecKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
const validity = ['-days', '2'];

/** Creates the certificates in a folder with openssl, valid for two days. */
export async function createNodeCertificates(directory: string, nodeName: string): Promise<NodeCertificates> {
  const authority = await createAuthority(directory);
  const sign = (name: string, subject: string) => createClientCertificate({ directory, authority, name, subject });
  return {
    authority,
    apiServer: await sign('apiserver-client', '/O=system:masters/CN=apiserver-kubelet-client'),
    kubelet: await sign('kubelet', `/O=system:nodes/CN=system:node:${nodeName}`),
    kubeProxy: await sign('kube-proxy', '/CN=system:kube-proxy'),
  };
}

async function createAuthority(directory: string): Promise<CertificateFiles> {
  const files = filesOf(directory, 'authority');
  const extensions = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign'];
  const request = ['req', '-x509', ...ecKey, ...validity, '-subj', '/CN=single-node'];
  const options = extensions.flatMap((extension) => ['-addext', extension]);
  await run('openssl', [...request, ...options, '-keyout', files.key, '-out', files.certificate]);
  return files;
}

interface ClientCertificate {
  readonly directory: string;
  readonly authority: CertificateFiles;
  readonly name: string;
  readonly subject: string;
}

async function createClientCertificate({ directory, authority, name, subject }: ClientCertificate) {
  const files = filesOf(directory, name);
  const [request, extensions] = [join(directory, `${name}.csr`), join(directory, `${name}.extensions`)];
  await writeFile(extensions, 'extendedKeyUsage=clientAuth\n');
  await run('openssl', ['req', '-new', ...ecKey, '-subj', subject, '-keyout', files.key, '-out', request]);
  const signer = ['-CA', authority.certificate, '-CAkey', authority.key, '-CAcreateserial'];
  const options = ['-req', '-in', request, ...signer, ...validity, '-extfile', extensions];
  await run('openssl', ['x509', ...options, '-out', files.certificate]);
  return files;
}

function filesOf(directory: string, name: string): CertificateFiles {
  return { certificate: join(directory, `${name}.crt`), key: join(directory, `${name}.key`) };
}
