/** The dependencies of a console in memory, without a cluster. */
import { Hono } from 'hono';
import { pino } from 'pino';
import { createPairLookup } from '../../src/accesskey/live/pair-lookup.ts';
import { fixedClusters } from '../../src/clusters/cluster.ts';
import { limitBody } from '../../src/http/common/body-limit.ts';
import type { Environment } from '../../src/http/common/environment.ts';
import { requestLog } from '../../src/http/common/request-log.ts';
import { createReviewBudget } from '../../src/http/common/review-budget.ts';
import type { Transport } from '../../src/kube/transport.ts';
import { createConsole } from '../../src/web/console.ts';
import type { ConsoleDependencies, ConsoleOptions } from '../../src/web/routes/dependencies.ts';
import { deriveKeys } from '../../src/web/session/session.ts';
import { caches as cachesOf } from './builders.ts';
import { publicUrl } from './cookie-browser.ts';

const unusedTransport: Transport = {
  server: 'https://unused.example.org',
  send: () => Promise.reject(new Error('unused')),
  close: async () => undefined,
};

/** A token signs in the user whose name it is. */
export function consoleDependencies({
  options,
  ...overrides
}: Partial<Omit<ConsoleDependencies, 'options'>> & { options?: Partial<ConsoleOptions> } = {}): ConsoleDependencies {
  const { caches = cachesOf({}), transport = unusedTransport, now = Date.now } = overrides;
  const pairs = createPairLookup(caches);
  const keys = deriveKeys(Buffer.alloc(32, 1));
  const noToken = () => Promise.reject(new Error('no token is expected'));
  return {
    caches,
    pairs,
    tokenIssuing: {
      issue: noToken,
      issueFor: noToken,
      authenticate: (_, { ak }) => pairs.find(ak, now())[0] ?? { retryAfterSeconds: 0 },
    },
    tokenBudget: createReviewBudget(undefined),
    clusters: fixedClusters([]),
    inventory: { visibleTo: async () => undefined, isOfferedTo: async () => false },
    takeTurn: async () => undefined,
    reviewToken: async (token) => ({ name: token, groups: [] }),
    transport,
    transportFor: () => transport,
    sessionKeys: () => keys,
    options: { keyPairSignIn: 'manage', sessionMinutes: 480, publicUrl, secure: true, ...options },
    log: pino({ level: 'silent' }),
    now,
    ...overrides,
  };
}

/** The console behind the middleware of the platform API. */
export function consoleApp(dependencies: ConsoleDependencies): Hono<Environment> {
  const app = new Hono<Environment>();
  app.use(requestLog({ log: dependencies.log, addressOf: () => '192.0.2.1' }), limitBody());
  app.route('/', createConsole(dependencies).app);
  return app;
}
