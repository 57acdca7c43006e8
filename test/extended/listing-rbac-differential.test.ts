/**
 * The platform API shows each user what the API server shows: generates random RBAC and compares the responses with those
 * of kubectl and the API server for the impersonated user.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadKubeconfig } from '../../src/kube/kubeconfig.ts';
import { createTransport, type Transport } from '../../src/kube/transport.ts';
import { type Kubectl, manifestStream } from '../../tools/kubectl.ts';
import { poll } from '../../tools/poll.ts';
import { type Caller, createCaller } from '../support/caller.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { createNamespace } from '../support/platform.ts';
import { drawnLabel, namespaces, randomRbac, users } from '../support/random-rbac.ts';
import { deploymentManifest } from '../support/workload.ts';

const seed = 20261125;
const draws = 24;
/** Names that are requested in each namespace; the last one does not exist. */
const singles = ['web', 'api', 'missing'];
const inFlight = 4;

let cluster: TestCluster;
let kubectl: Kubectl;
let admin: Transport;
let callers: Caller[];

beforeAll(async () => {
  cluster = await startTestCluster();
  kubectl = cluster.kubectl;
  admin = createTransport(() => loadKubeconfig(kubectl.kubeconfig), 'differential-test');
  const operator = await cluster.startOperator({ access: { cacheSeconds: 1 } });
  for (const name of ['people', ...namespaces]) await createNamespace(kubectl, name);
  // The last namespace stays empty.
  const items = namespaces.slice(0, -1).flatMap((one) => ['api', 'web'].map((name) => deploymentManifest(one, name)));
  await kubectl.apply(items);
  callers = [];
  for (const [index, user] of users.entries()) {
    callers.push(await createCaller(kubectl, operator.url, { ...user, accessKey: `user-${index}` }));
  }
});
afterAll(async () => {
  await admin?.close();
  await cluster?.stop();
});

/** What a user sees, in a comparable form. */
interface Sight {
  all: string;
  byNamespace: string[];
  singles: number[];
}

/** What the API server shows. */
async function sightOfCluster(caller: Caller): Promise<Sight> {
  const lists = await Promise.all(namespaces.map((namespace) => listAs(caller, namespace)));
  const everywhere = await kubectlSees(caller);
  const granted = lists.filter((names) => names !== undefined);
  const union = granted.length > 0 ? granted.flat() : undefined;
  return {
    all: word(everywhere ?? union),
    byNamespace: lists.map(word),
    singles: await Promise.all(eachSingle((namespace, name) => getAs(caller, `${namespace}/deployments/${name}`))),
  };
}

/** What the platform API shows. */
async function sightOfPlatform(caller: Caller): Promise<Sight> {
  const read = ({ status, names }: { status: number; names: string[] }) =>
    status === 200 ? word(names) : status === 403 ? word(undefined) : `status ${status}`;
  return {
    all: read(await caller.list()),
    byNamespace: (await Promise.all(namespaces.map((one) => caller.listIn(one)))).map(read),
    singles: await Promise.all(eachSingle((namespace, name) => caller.get(namespace, name))),
  };
}

const word = (names: readonly string[] | undefined) => (names ? `sees ${[...names].sort().join()}` : 'forbidden');
const eachSingle = <T>(ask: (namespace: string, name: string) => T) =>
  namespaces.flatMap((namespace) => singles.map((name) => ask(namespace, name)));

/** @returns undefined if it is forbidden */
async function kubectlSees({ name, groups }: Caller): Promise<string[] | undefined> {
  const identity = [`--as=${name}`, ...groups.map((group) => `--as-group=${group}`)];
  try {
    const output = await kubectl.run(['get', 'deployments', '-A', '--no-headers', ...identity]);
    return output.split('\n').flatMap((line) => line.split(/\s+/).slice(0, 2).join('/') || []);
  } catch (error) {
    expect(String(error)).toContain('(Forbidden)');
    return undefined;
  }
}

async function listAs(caller: Caller, namespace: string): Promise<string[] | undefined> {
  const answer = await sendAs(caller, `${namespace}/deployments`);
  if (answer.status !== 200) expect(answer.status).toBe(403);
  const { items = [] } = JSON.parse(answer.text) as { items?: { metadata: { namespace: string; name: string } }[] };
  return answer.status === 200 ? items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`) : undefined;
}

const getAs = async (caller: Caller, path: string) => (await sendAs(caller, path)).status;

async function sendAs({ name, groups }: Caller, path: string): Promise<{ status: number; text: string }> {
  const headers = { 'impersonate-user': name, ...(groups.length > 0 && { 'impersonate-group': [...groups] }) };
  try {
    const answer = await admin.send({
      method: 'GET',
      path: `/apis/apps/v1/namespaces/${path}`,
      headers: headers as unknown as Record<string, string>,
    });
    return { status: answer.statusCode, text: await answer.body.text() };
  } catch (error) {
    const { status } = error as { status?: number };
    if (status === undefined) throw error;
    return { status, text: '{}' };
  }
}

/** Replaces the RBAC of the previous round. */
async function install(items: readonly object[]): Promise<void> {
  const kinds = 'roles,rolebindings,clusterroles,clusterrolebindings';
  await kubectl.run(['delete', kinds, '-A', '-l', `${drawnLabel}=yes`]);
  if (items.length > 0) {
    await kubectl.run(['create', '-f', '-'], manifestStream(items));
  }
}

test(`${users.length} users see what the API server shows them in ${draws} rounds with seed ${seed}`, async () => {
  const counts: Counts = { forbidden: 0, everything: 0, something: 0 };
  const drawn = fc.sample(randomRbac, { seed, numRuns: draws });
  for (const [draw, items] of drawn.entries()) {
    await install(items);
    for (let start = 0; start < callers.length; start += inFlight) {
      await Promise.all(
        callers.slice(start, start + inFlight).map((caller) => compare(caller, { round: draw, items, counts })),
      );
    }
  }
  process.stdout.write(`users' rights, seed ${seed}: ${JSON.stringify(counts)}\n`);
  const shares = Object.values(counts);
  expect(shares.reduce((sum, share) => sum + share)).toBe(draws * users.length);
  for (const share of shares) expect(share).toBeGreaterThan(10);
}, 600_000);

/** Number of users by what they see. */
type Counts = Record<'forbidden' | 'everything' | 'something', number>;

/** Waits until both agree: controllers and caches need a moment, and decisions are cached for a second. */
async function compare(
  caller: Caller,
  { round, items, counts }: { round: number; items: readonly object[]; counts: Counts },
): Promise<void> {
  const sights: { shown?: Sight; seen?: Sight } = {};
  await poll('both to agree', async () => {
    sights.shown = await sightOfCluster(caller);
    sights.seen = await sightOfPlatform(caller);
    return JSON.stringify(sights.shown) === JSON.stringify(sights.seen);
  }).catch(() => undefined);
  const { shown, seen } = sights;
  expect(seen, `${caller.name} of round ${round}: ${JSON.stringify(items)}`).toEqual(shown);
  counts[kindOf(shown?.all ?? '')] += 1;
}

function kindOf(all: string): keyof Counts {
  if (all === word(undefined)) return 'forbidden';
  return all.split(',').length === 2 * (namespaces.length - 1) ? 'everything' : 'something';
}
