/** Starts Argo CD: application-controller, repo-server, server and Redis, outside the cluster. */
import { randomBytes } from 'node:crypto';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { logToStandardError } from '../../cache.ts';
import { createFleet, type Fleet } from '../../control-plane/fleet.ts';
import { freePorts } from '../../control-plane/ports.ts';
import { locateRedis } from '../../debian/test-programs.ts';
import { locatePrograms } from '../../go-programs/locate.ts';
import { argoCdPrograms, helmPrograms, kustomizePrograms } from '../../go-programs/program-sets.ts';
import type { Kubectl } from '../../kubectl.ts';
import { poll } from '../../poll.ts';
import { writeServiceAccountKubeconfig } from '../../service-account.ts';
import { startComponents } from '../components.ts';
import { installCustomResources } from '../custom-resources.ts';
import { type ArgoCdLayout, argoCdComponents, argoCdNamespace } from './components.ts';
import { argoCdObjects, controllerAccount } from './objects.ts';

const customResources = ['applications', 'appprojects', 'applicationsets'].map((name) => `${name}.argoproj.io`);

/** A GitOps tool that runs against a cluster. */
export interface GitopsTool {
  /** Folder with the logs, which stop() removes. */
  readonly directory: string;
  stop(): Promise<void>;
}

/**
 * Installs the CustomResourceDefinitions of Argo CD and starts it, with the permissions of its own installation.
 *
 * @param kubectl as the administrator
 * @throws Error if a program cannot be built or does not start; everything is stopped in this case
 */
export async function startArgoCd(kubectl: Kubectl): Promise<GitopsTool> {
  const programs = await locateAll();
  const fleet = await createFleet(logToStandardError);
  try {
    await installArgoCdResources(kubectl);
    await kubectl.apply(argoCdObjects(randomBytes(32).toString('base64url')));
    const layout = await createLayout(fleet, programs, kubectl);
    await startComponents(fleet, argoCdComponents(layout));
    const exists = ['get', 'appproject', 'default', '-n', argoCdNamespace];
    await poll("Argo CD's default project", () => kubectl.run(exists));
    return { directory: fleet.directory, stop: fleet.stop };
  } catch (error) {
    await fleet.stop();
    throw error;
  }
}

/** Installs the CustomResourceDefinitions of Argo CD. */
export async function installArgoCdResources(kubectl: Kubectl): Promise<void> {
  await installCustomResources(kubectl, argoCdPrograms, 'manifests/crds', customResources);
}

/** Locates the programs one after the other, because a build uses all processors. */
async function locateAll() {
  const redis = await locateRedis();
  const { argocd } = await locatePrograms(argoCdPrograms);
  const { kustomize } = await locatePrograms(kustomizePrograms);
  const { helm } = await locatePrograms(helmPrograms);
  return { redis, argocd, kustomize, helm };
}

type Programs = Awaited<ReturnType<typeof locateAll>>;

async function createLayout({ directory }: Fleet, programs: Programs, kubectl: Kubectl): Promise<ArgoCdLayout> {
  const links = join(directory, 'bin');
  for (const name of ['bin', 'tls', 'ssh', 'plugins']) await mkdir(join(directory, name));
  const { argocd, redis, kustomize, helm } = programs;
  for (const [name, path] of Object.entries({ kustomize, helm, kubectl: kubectl.path })) {
    await symlink(path, join(links, name));
  }
  // The repo-server runs this program of Argo CD's image for each commit. No output means: no signature.
  await writeFile(join(links, 'git-verify-wrapper.sh'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  const kubeconfig = join(directory, 'kubeconfig');
  await writeServiceAccountKubeconfig(kubectl, kubeconfig, controllerAccount);
  const [redisPort = 0, repoServer = 0, server = 0, first = 0, second = 0, third = 0] = await freePorts(6);
  const ports = { redis: redisPort, repoServer, server, metrics: [first, second, third] as const };
  return { directory, programs: links, argocd, redis, kubeconfig, ports };
}
