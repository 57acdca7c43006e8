import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePorts } from '../../tools/control-plane/ports.ts';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { authenticationConfiguration } from './authentication-configuration.ts';
import { makeCertificate } from './certificates.ts';
import { startTestCluster, type TestCluster } from './cluster.ts';

const audience = 'kubernetes';

/** A control plane whose kube-apiserver trusts the operator that runs in it (structured authentication, KEP-3331). */
export interface TrustingCluster {
  readonly cluster: TestCluster;
  readonly operator: OperatorProcess;
  /** URL of the operator. */
  readonly issuer: string;
  /** The audience that kube-apiserver accepts. */
  readonly audience: string;
  /** PEM. */
  readonly certificate: string;
  readonly certificateFile: string;
  /** Stops everything and removes the folder. */
  stop(): Promise<void>;
}

/** @param directory exists; for the certificate and the configuration */
export async function startTrustingCluster(directory: string): Promise<TrustingCluster> {
  const [port = 0] = await freePorts(1);
  const issuer = `https://127.0.0.1:${port}`;
  const { certificate, key } = await makeCertificate('operator');
  const tls = { certificateFile: join(directory, 'ca.pem'), keyFile: join(directory, 'tls.key') };
  await writeFile(tls.certificateFile, certificate);
  await writeFile(tls.keyFile, key);
  const authentication = join(directory, 'authentication.yaml');
  await writeFile(authentication, authenticationConfiguration({ issuer, audience, certificateAuthority: certificate }));
  const cluster = await startTestCluster({ apiServerArguments: [`--authentication-config=${authentication}`] });
  const settings = { http: { address: '127.0.0.1', port, tls }, token: { issuer, audience } };
  const operator = await cluster.startOperator(settings);
  return {
    ...{ cluster, operator, issuer, audience, certificate, certificateFile: tls.certificateFile },
    async stop() {
      await cluster.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
