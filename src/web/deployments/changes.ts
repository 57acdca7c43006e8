import type { DeploymentRecord } from '../../deployments/record.ts';
import type { DeploymentStore, NamespaceScope } from '../../deployments/store.ts';
import type { ChangeSource } from '../common/streams.ts';

/** Slow enough for a cluster that changes all the time: each event makes the page load its list again. */
const debounceMs = 1_000;

/** Deployments of one cluster, with the changes that a page reports. */
export interface WatchedDeployments {
  store: Pick<DeploymentStore, 'subscribe'>;
  /** Whether the page shows the Deployment; false for everything that the user may not see. */
  shows(record: DeploymentRecord): boolean;
}

/** Reports the changes of Deployments that a page shows. */
export function deploymentChanges(watched: readonly WatchedDeployments[]): ChangeSource {
  return {
    debounceMs,
    subscribe(notify) {
      const unsubscribes = watched.map(({ store, shows }) =>
        store.subscribe(({ previous, current }) => {
          if (isSame(previous, current)) return;
          if ((previous && shows(previous)) || (current && shows(current))) notify();
        }),
      );
      return () => {
        for (const unsubscribe of unsubscribes) unsubscribe();
      };
    },
  };
}

/** Whether an update changed nothing that a page can show. */
function isSame(previous: DeploymentRecord | undefined, current: DeploymentRecord | undefined): boolean {
  return previous !== undefined && previous.text === current?.text && previous.replicas === current.replicas;
}

/** @returns a function that returns whether a namespace is in the scope */
export function inScope(scope: NamespaceScope): (namespace: string) => boolean {
  if (scope === 'all') return () => true;
  const namespaces = new Set(scope);
  return (namespace) => namespaces.has(namespace);
}
