import { etcdAddress, etcdArguments, type Layout } from './arguments.ts';
import type { Fleet } from './fleet.ts';
import { createRestartable, type Restartable } from './restartable.ts';

/** Prepares an etcd; it is not started yet. */
export function createEtcd(fleet: Fleet, path: string, layout: Layout): Restartable {
  return createRestartable({
    run: () => fleet.start('etcd', path, etcdArguments(layout)),
    needs: () => [],
    isReady: () => isReady(layout),
  });
}

async function isReady(layout: Layout): Promise<boolean> {
  const answer = await fetch(`${etcdAddress(layout)}/readyz`).catch(() => undefined);
  await answer?.body?.cancel();
  return answer?.ok ?? false;
}
