/** kube-apiserver and its etcd, which can be stopped and started again with the same port and data. */
import { readFile } from 'node:fs/promises';
import { type Access, callApi } from './api.ts';
import { apiServerArguments, certificateFile, etcdAddress, etcdArguments, type Layout } from './arguments.ts';
import type { Fleet } from './fleet.ts';
import type { Program } from './program.ts';
import { createRestartable, type Restartable } from './restart.ts';

/** A busy etcd accepts connections long before it responds. */
const requestTimeoutMs = 5_000;

/** Prepares an etcd without starting it. */
export function createEtcd(fleet: Fleet, path: string, layout: Layout): Restartable {
  return createRestartable({
    run: () => fleet.start('etcd', path, etcdArguments(layout)),
    dependencies: () => [],
    isReady: () => isEtcdReady(layout),
  });
}

async function isEtcdReady(layout: Layout): Promise<boolean> {
  const signal = AbortSignal.timeout(requestTimeoutMs);
  const response = await fetch(`${etcdAddress(layout)}/readyz`, { signal }).catch(() => undefined);
  await response?.body?.cancel();
  return response?.ok ?? false;
}

export interface ApiServerOptions {
  readonly fleet: Fleet;
  readonly path: string;
  readonly layout: Layout;
  /** Returns the programs that the API server depends on. */
  readonly dependencies: () => readonly Program[];
  readonly extraArguments: readonly string[];
}

/** A kube-apiserver that can be stopped and started again. */
export interface ApiServer extends Restartable {
  isReady(): Promise<boolean>;
  /** Returns the administrator's access. Available once the API server has been ready. */
  access(): Promise<Access>;
}

/** Prepares an API server without starting it. */
export function createApiServer({ fleet, path, layout, dependencies, extraArguments }: ApiServerOptions): ApiServer {
  const access = async () => ({
    server: `https://${layout.address}:${layout.apiServerPort}`,
    certificateAuthority: await readFile(certificateFile(layout), 'utf8'),
    token: layout.credentials.tokens.admin,
  });
  const isReady = async () => {
    // The API server writes its certificate shortly after it has started.
    const available = await access().catch(() => undefined);
    return available !== undefined && (await callApi(available, '/readyz'))?.status === 200;
  };
  const run = () => fleet.start('kube-apiserver', path, apiServerArguments(layout, extraArguments));
  return { access, isReady, ...createRestartable({ run, dependencies, isReady }) };
}
