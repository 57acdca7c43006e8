import { readFile } from 'node:fs/promises';
import { type Access, ask } from './api.ts';
import { apiServerArguments, certificateFile, type Layout } from './arguments.ts';
import type { Fleet } from './fleet.ts';
import type { Program } from './program.ts';
import { createRestartable, type Restartable } from './restartable.ts';

export interface ApiServerOptions {
  readonly fleet: Fleet;
  readonly path: string;
  readonly layout: Layout;
  /** Programs that the API server cannot do without. */
  readonly needs: () => readonly Program[];
  readonly furtherArguments: readonly string[];
}

/** A kube-apiserver that can be stopped and started again on the same port with the same data. */
export interface ApiServer extends Restartable {
  isReady(): Promise<boolean>;
  /** What it takes to talk to it as administrator. Known once it has been ready. */
  access(): Promise<Access>;
}

/** Prepares an API server; it is not started yet. */
export function createApiServer({ fleet, path, layout, needs, furtherArguments }: ApiServerOptions): ApiServer {
  const access = async () => ({
    server: `https://${layout.address}:${layout.apiServerPort}`,
    certificateAuthority: await readFile(certificateFile(layout), 'utf8'),
    token: layout.credentials.tokens.admin,
  });
  const isReady = async () => {
    // The API server writes its certificate in its first moments.
    const known = await access().catch(() => undefined);
    return known !== undefined && (await ask(known, '/readyz'))?.status === 200;
  };
  const run = () => fleet.start('kube-apiserver', path, apiServerArguments(layout, furtherArguments));
  return { access, isReady, ...createRestartable({ run, needs, isReady }) };
}
