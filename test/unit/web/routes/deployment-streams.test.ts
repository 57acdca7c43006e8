import { Hono } from 'hono';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Cluster, fixedClusters } from '../../../../src/clusters/cluster.ts';
import { createStreams } from '../../../../src/web/common/streams.ts';
import type { ConsoleDependencies, ConsoleEnvironment } from '../../../../src/web/routes/dependencies.ts';
import { addDeploymentRoute } from '../../../../src/web/routes/deployment.ts';
import { addDeploymentRoutes } from '../../../../src/web/routes/deployments.ts';
import type { Session } from '../../../../src/web/session/session.ts';
import type { Visitor } from '../../../../src/web/visitor/visitor.ts';
import { caches, now } from '../../../support/builders.ts';
import { allowing, deployments, fresh } from '../../http/support.ts';

/**
 * Opens a stream, and changes the Deployment shop/web after `ms`.
 *
 * @returns the number of changes that the stream reports, and of checks whether it may go on: the first check ends it
 */
async function readStream(path: string, ms: number): Promise<{ changes: number; checks: number }> {
  let time = now;
  let checks = 0;
  const store = deployments('shop/web');
  const cluster: Cluster = {
    name: 'here',
    deployments: store,
    namespaces: () => ['shop'],
    freshness: () => fresh,
    maxStaleSeconds: 300,
    authorizer: allowing('*'),
  };
  const streams = createStreams(caches({}), () => now);
  onTestFinished(() => streams.close());
  const session: Session = { id: 'one', expiresAt: now + 3_600_000, kind: 'pair', ak: 'ak', digest: 'digest' };
  const app = new Hono<ConsoleEnvironment>();
  app.use((context, next) => {
    context.set('visitor', { session, user: { name: 'ann', groups: [] } } as unknown as Visitor);
    return next();
  });
  const dependencies = { clusters: fixedClusters([cluster]), now: () => time } as unknown as ConsoleDependencies;
  const hasEnded = async () => {
    checks += 1;
    return true;
  };
  const streaming = { streams, hasEnded, endOf: () => session.expiresAt };
  addDeploymentRoutes(app, dependencies, streaming);
  addDeploymentRoute(app, dependencies, streaming);
  const answer = await app.request(path);
  expect(answer.status).toBe(200);
  time += ms;
  const [web] = store.values();
  store.upsert({ ...(web as NonNullable<typeof web>), resourceVersion: '2', text: 'changed' });
  const changes = (await answer.text()).match(/^event: change$/gm)?.length ?? 0;
  return { changes, checks };
}

describe.each(['/deployments/events', '/deployments/here/shop/web/events'])('the stream %s', (path) => {
  test('ends after five minutes, so that the permissions are checked again', async () => {
    expect(await readStream(path, 300_001)).toEqual({ changes: 1, checks: 0 });
  });

  test('goes on until then', async () => {
    expect(await readStream(path, 300_000)).toEqual({ changes: 1, checks: 1 });
  });
});
