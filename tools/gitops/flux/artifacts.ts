/**
 * Does the part of source-controller that kustomize-controller needs: it serves the content of a repository as an archive,
 * and announces the archive in the status of GitRepositories.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Kubectl } from '../../kubectl.ts';
import type { Repository } from '../repository.ts';
import { fluxNamespace as namespace } from './components.ts';

export interface Artifacts {
  /** Announces the latest commit in all GitRepositories of Flux's namespace. */
  publish(repository: Repository): Promise<void>;
  stop(): Promise<void>;
}

/** An archive of a commit. */
export interface Archive {
  readonly branch: string;
  readonly revision: string;
  readonly content: Buffer;
}

/** Serves archives on a free loopback port. */
export async function startArtifacts(kubectl: Kubectl): Promise<Artifacts> {
  const archives = new Map<string, Buffer>();
  const server = createServer(({ url = '' }, response) => {
    const content = archives.get(url);
    response.writeHead(content === undefined ? 404 : 200).end(content);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    async publish(repository) {
      const archive = { branch: repository.branch, ...(await repository.archive()) };
      archives.set(`/${pathOf(archive)}`, archive.content);
      const names = await kubectl.run(['get', 'gitrepositories', '-n', namespace, '-o', 'name']);
      const patch = JSON.stringify({ status: sourceStatus(archive, address, new Date()) });
      for (const name of names.split('\n').filter(Boolean)) {
        await kubectl.run(['patch', name, '-n', namespace, '--subresource=status', '--type=merge', '-p', patch]);
      }
    },
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function pathOf({ revision }: Archive): string {
  return `${revision}.tar.gz`;
}

/** Returns the status that source-controller sets after it has fetched a commit. */
export function sourceStatus(archive: Archive, address: string, now: Date): object {
  const { branch, revision, content } = archive;
  const [path, time] = [pathOf(archive), now.toISOString()];
  return {
    observedGeneration: 1,
    artifact: {
      digest: `sha256:${createHash('sha256').update(content).digest('hex')}`,
      lastUpdateTime: time,
      path,
      revision: `${branch}@sha1:${revision}`,
      size: content.length,
      url: `${address}/${path}`,
    },
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        reason: 'Succeeded',
        message: `stored artifact for revision ${branch}@sha1:${revision}`,
        lastTransitionTime: time,
        observedGeneration: 1,
      },
    ],
  };
}
