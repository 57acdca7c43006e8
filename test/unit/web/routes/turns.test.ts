import { expect, test } from 'vitest';
import { fixedClusters } from '../../../../src/clusters/cluster.ts';
import { createInventory } from '../../../../src/inventory/inventory.ts';
import { accessKey, caches, keyPair, now, secret } from '../../../support/builders.ts';
import { consoleApp, consoleDependencies } from '../../../support/console-dependencies.ts';
import { createCookieBrowser } from '../../../support/cookie-browser.ts';
import { deployments, fresh, recordedReviews } from '../../http/support.ts';

/** @returns the browser of ann, and the steps of its requests: reviews and turns */
async function signIn() {
  const { authorizer, steps } = recordedReviews();
  const of = accessKey();
  const content = caches({ accessKeys: [of], secrets: [secret({ of })] });
  const cluster = {
    name: 'here',
    deployments: deployments('shop/web'),
    namespaces: () => ['shop'],
    freshness: () => fresh,
    maxStaleSeconds: 300,
    authorizer,
  };
  const dependencies = consoleDependencies({
    caches: content,
    clusters: fixedClusters([cluster]),
    inventory: createInventory(content, authorizer),
    takeTurn: async (subject) => void steps.push(`turn of ${subject}`),
    now: () => now,
  });
  const app = consoleApp(dependencies);
  const browser = createCookieBrowser({ request: (url, init) => app.request(url, init, { incoming: { socket: {} } }) });
  await browser.post('/login', { method: 'pair', ...keyPair() });
  return { browser, steps };
}

test.each(['/deployments', '/deployments/here/shop/web', '/personal-center/access-keys/key-pairs.csv'])(
  'a turn is taken after the access review, for which many requests can wait: %s',
  async (path) => {
    const { browser, steps } = await signIn();
    expect((await browser.get(path)).status).toBe(200);
    expect([new Set(steps.slice(0, -1)), steps.at(-1)]).toEqual([new Set(['review']), 'turn of ann']);
  },
);
