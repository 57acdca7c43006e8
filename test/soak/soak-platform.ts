import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Agent, type Dispatcher, request } from 'undici';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { type Admin, createAdmin } from '../faults/support/admin.ts';
import { type MountedSecret, makeCertificate, mountSecret } from '../support/certificates.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { shiftedClock } from '../support/shifted-clock.ts';
import type { SoakOptions } from './options.ts';
import { createRecord, type SoakRecord } from './record.ts';

/** What all activities of a soak run share. */
export interface SoakPlatform {
  options: SoakOptions;
  cluster: TestCluster;
  operator: OperatorProcess;
  admin: Admin;
  /** The certificate of the operator. */
  certificate: MountedSecret;
  record: SoakRecord;
  /** Sets how far the clock of the operator is ahead, seconds. */
  shift(seconds: number): void;
  /** Whether the API server is stopped or has just started, so that requests which need it may fail. */
  outage: { current: boolean };
  /** Sends a request to the operator, and once more if a kept connection was just closed. */
  send(path: string, options?: SendOptions): Promise<Answer>;
  stop(): Promise<void>;
}

export interface SendOptions {
  method?: 'GET' | 'POST';
  headers?: Record<string, string>;
  body?: string;
  signal?: AbortSignal;
}

export type Answer = Dispatcher.ResponseData;

const collectModule = fileURLToPath(new URL('./collect-garbage.ts', import.meta.url));

export async function startSoakPlatform(options: SoakOptions): Promise<SoakPlatform> {
  const cluster = await startTestCluster({ log: () => undefined });
  const certificate = await mountSecret(await makeCertificate('localhost'));
  const clock = shiftedClock(join(cluster.directory, 'clock'));
  const tls = { certificateFile: certificate.certificateFile, keyFile: certificate.keyFile };
  const settings = {
    http: { address: '127.0.0.1', port: 0, tls },
    // A single replica. So every write that is counted at the end is about an AccessKey.
    leaderElection: { enabled: false },
    token: { signingKeys: { rotationDays: 1, publishAheadHours: 4 } },
  };
  const { nodeArguments = [], environment = {} } = clock.options;
  const operator = await cluster.startOperator(settings, undefined, {
    nodeArguments: [...nodeArguments, '--expose-gc', '--import', collectModule],
    environment,
  });
  const admin = createAdmin(cluster.controlPlane.kubeconfig);
  // The certificate changes during the run; that the operator serves the current one is checked elsewhere.
  const dispatcher = new Agent({ connections: 64, connect: { rejectUnauthorized: false } });

  async function send(path: string, { signal, ...rest }: SendOptions = {}): Promise<Answer> {
    const once = () => request(operator.url + path, { dispatcher, ...rest, ...(signal && { signal }) });
    try {
      return await once();
    } catch (error) {
      if ((error as { code?: string }).code !== 'UND_ERR_SOCKET') throw error;
      return once();
    }
  }

  return {
    options,
    cluster,
    operator,
    admin,
    certificate,
    record: createRecord(),
    shift: clock.shift,
    outage: { current: false },
    send,
    async stop() {
      await dispatcher.destroy();
      await admin.close();
      await certificate.remove();
      await cluster.stop();
    },
  };
}
