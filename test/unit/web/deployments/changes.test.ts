import { expect, test } from 'vitest';
import { createDeploymentStore } from '../../../../src/deployments/store.ts';
import { deploymentChanges, inScope } from '../../../../src/web/deployments/changes.ts';
import { record } from '../../deployments/support.ts';

function watch(namespaces: 'all' | readonly string[]) {
  const store = createDeploymentStore();
  const isVisible = inScope(namespaces);
  let events = 0;
  const stop = deploymentChanges([{ store, shows: ({ namespace }) => isVisible(namespace) }]).subscribe(() => {
    events += 1;
  });
  return { store, stop, events: () => events };
}

test('reports changes in visible namespaces only', () => {
  const { store, stop, events } = watch(['shop']);
  store.upsert(record('other/web', {}));
  expect(events()).toBe(0);
  store.upsert(record('shop/web', {}));
  store.remove('shop/web');
  expect(events()).toBe(2);
  stop();
  store.upsert(record('shop/web', {}));
  expect(events()).toBe(2);
});

test('reports no update that changes nothing on the page', () => {
  const { store, events } = watch('all');
  const web = record('shop/web', {});
  store.upsert(web);
  store.upsert({ ...web, resourceVersion: '99' });
  expect(events()).toBe(1);
  store.upsert({ ...web, resourceVersion: '100', replicas: 5 });
  expect(events()).toBe(2);
});
