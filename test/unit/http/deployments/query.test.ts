/** Each parameter of the listing, through the app. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { DeploymentList } from '../../../../src/deployments/kpanda/schema.ts';
import { record, storeOf } from '../../deployments/support.ts';
import { createPlatform, deploymentsPath } from '../support.ts';

const paths = [
  deploymentsPath,
  `${deploymentsPath.replace('/deployments', '/namespaces/shop/deployments')}`,
  '/apis/kpanda.io/v1alpha1/asl/deployments',
];

/** Creates a pod spec that requests an amount of a resource. */
const requesting = (resource: string, amount: string, part = 'limits') => ({
  containers: [{ name: 'main', resources: { [part]: { cpu: '1', [resource]: amount } } }],
});
const withPod = (spec: object) => ({ template: { spec } });

const deployments = () =>
  storeOf([
    record('shop/web', {
      metadata: { labels: { app: 'web', tier: 'front' }, creationTimestamp: '2026-01-03T00:00:00Z' },
      spec: { replicas: 0, ...withPod(requesting('nvidia.com/gpu', '2')) },
    }),
    record('shop/web-cache', {
      metadata: { labels: { app: 'cache' }, creationTimestamp: '2026-01-01T00:00:00Z' },
      spec: {
        paused: true,
        ...withPod({ containers: [], initContainers: requesting('amd.com/gpu', '1', 'requests').containers }),
      },
    }),
    record('store/db', {
      metadata: { labels: { app: 'db', tier: 'back' }, creationTimestamp: '2026-01-02T00:00:00Z' },
      spec: withPod(requesting('nvidia.com/gpu', '0')),
    }),
    record('store/web', {
      metadata: { deletionTimestamp: '2026-01-04T00:00:00Z', creationTimestamp: '2026-01-02T00:00:00Z' },
      spec: withPod(requesting('example.com/fpga', '1k')),
    }),
  ]);

let token: string;
let platform: Awaited<ReturnType<typeof createPlatform>>;
beforeAll(async () => {
  platform = await createPlatform({ cluster: { deployments: deployments() } });
  token = await platform.token();
});

const ask = (query: string, path = deploymentsPath) =>
  platform.get(`${path}?${query}`, { authorization: `Bearer ${token}` });

async function names(query: string): Promise<string[]> {
  const answer = await ask(query);
  expect([answer.status, query]).toEqual([200, query]);
  const { items, pagination } = DeploymentList.parse(answer.json());
  expect(pagination.total).toBe(items.length);
  return items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
}

const all = ['shop/web', 'shop/web-cache', 'store/db', 'store/web'];

describe('the filter', () => {
  it.each([
    ['name=web', ['shop/web', 'store/web']],
    ['name=we', []],
    ['name=WEB', []],
    ['name=no%20name', []],
    ['fuzzyName=web', ['shop/web', 'shop/web-cache', 'store/web']],
    ['fuzzyName=B-cA', ['shop/web-cache']],
    ['fuzzyName=shop', []],
    ['name=web&fuzzyName=cache', []],
    ['phase=WORKLOAD_STATE_UNSPECIFIED', all],
    ['phase=Stopped', ['shop/web']],
    ['phase=Waiting', ['shop/web-cache']],
    ['phase=Not_Ready', ['store/db']],
    ['phase=Deleting', ['store/web']],
    ['phase=Running', []],
    ['labelSelector=tier', ['shop/web', 'store/db']],
    ['labelSelector=app%20in%20(db,cache),!tier', ['shop/web-cache']],
    ['labelSelector=app!%3Dweb', ['shop/web-cache', 'store/db', 'store/web']],
    ['name=', all],
    ['fuzzyName=', all],
    ['phase=', all],
    ['gpuType=', all],
    ['page=&pageSize=&sortBy=&sortDir=', all],
    ['name=&phase=Stopped', ['shop/web']],
    ['labelSelector=', all],
    ['fieldSelector=metadata.namespace%3Dstore,metadata.name!%3Ddb', ['store/web']],
    ['fieldSelector=', all],
    ['gpuType=*', ['shop/web', 'shop/web-cache']],
    ['gpuType=nvidia.com/gpu', ['shop/web']],
    ['gpuType=example.com/fpga', ['store/web']],
    ['gpuType=amd.com/gpu&phase=Waiting&labelSelector=app&name=web-cache', ['shop/web-cache']],
  ])('%s', async (query, expected) => {
    expect(await names(query)).toEqual(expected);
  });
});

describe('the order', () => {
  it.each([
    ['', all],
    ['sortDir=asc', all],
    ['sortDir=desc', all],
    ['sortBy=SORT_BY_UNSPECIFIED', all],
    ['sortBy=SORT_BY_UNSPECIFIED&sortDir=desc', all],
    ['sortBy=&sortDir=desc', all],
    ['sortBy=namespace&sortDir=', all.toReversed()],
    ['sortBy=namespace', all.toReversed()],
    ['sortBy=namespace&sortDir=asc', all],
    ['sortBy=cluster&sortDir=asc', all],
    ['sortBy=cluster', all.toReversed()],
    ['sortBy=field_name&sortDir=asc', ['store/db', 'shop/web', 'store/web', 'shop/web-cache']],
    ['sortBy=field_name', ['shop/web-cache', 'store/web', 'shop/web', 'store/db']],
    ['sortBy=state&sortDir=asc', ['store/web', 'store/db', 'shop/web', 'shop/web-cache']],
    ['sortBy=created_at', ['shop/web', 'store/web', 'store/db', 'shop/web-cache']],
    ['sortBy=created_at&sortDir=asc', ['shop/web-cache', 'store/db', 'store/web', 'shop/web']],
  ])('%s', async (query, expected) => {
    expect(await names(query)).toEqual(expected);
  });
});

describe('rejects', () => {
  const sortRule = 'must be one of SORT_BY_UNSPECIFIED, field_name, state, cluster, namespace, created_at';
  const stateRule = 'must be one of WORKLOAD_STATE_UNSPECIFIED, Running, Deleting, Not_Ready, Stopped, Waiting';
  it.each([
    [`name=${'a'.repeat(254)}`, 'name', 'must be 253 characters at most'],
    ['name=a&name=a', 'name', 'must be given only once'],
    ['name=&name=a', 'name', 'must be given only once'],
    ['phase=running', 'phase', stateRule],
    ['phase=Running&phase=Running', 'phase', 'must be given only once'],
    ['sortBy=workspace', 'sortBy', sortRule],
    ['sortBy=name', 'sortBy', sortRule],
    ['sortBy=constructor', 'sortBy', sortRule],
    ['sortDir=DESC', 'sortDir', 'must be one of desc, asc'],
    ['labelSelector=app%20in%20(web', 'labelSelector', 'at character 12: expected a comma or a closing parenthesis'],
    ['labelSelector=a&labelSelector=b', 'labelSelector', 'must be given only once'],
    ['labelSelector=%3Cnone%3E', 'labelSelector', 'at character 1: expected a label key'],
    [
      'fieldSelector=spec.paused%3Dtrue',
      'fieldSelector',
      'at character 1: unsupported field "spec.paused", must be metadata.name or metadata.namespace',
    ],
    ['fieldSelector=a', 'fieldSelector', 'at character 1: expected a field, an operator (=, == or !=) and a value'],
    ['gpuType=cpu', 'gpuType', 'must be * or an extended resource, for example nvidia.com/gpu'],
    ['gpuType=**', 'gpuType', 'must be * or an extended resource, for example nvidia.com/gpu'],
  ])('%s', async (query, field, description) => {
    for (const path of paths) {
      const answer = await ask(query, path);
      expect([answer.status, answer.json().details[0]?.fieldViolations]).toEqual([400, [{ field, description }]]);
    }
  });
});

it('returns each item exactly once over all pages, for any order and filter', async () => {
  const orders = ['SORT_BY_UNSPECIFIED', 'field_name', 'state', 'cluster', 'namespace', 'created_at'];
  const parameters = fc.record({
    sortBy: fc.constantFrom(...orders),
    sortDir: fc.constantFrom('asc', 'desc'),
    filter: fc.constantFrom('fuzzyName=w', 'labelSelector=app', 'phase=Stopped', 'page=1'),
    pageSize: fc.integer({ min: 1, max: 5 }),
  });
  const property = fc.asyncProperty(parameters, async ({ sortBy, sortDir, filter, pageSize }) => {
    const query = `sortBy=${sortBy}&sortDir=${sortDir}`;
    const whole = await names(`${query}&${filter}`);
    const seen: string[] = [];
    for (let page = 1; page <= Math.ceil(whole.length / pageSize); page += 1) {
      const answer = await ask(
        `${query}&${filter.replace('page=1', '')}&page=${page}&pageSize=${pageSize}`.replace('&&', '&'),
      );
      const list = DeploymentList.parse(answer.json());
      expect(list.pagination).toEqual({
        total: whole.length,
        page,
        pageSize,
        pages: Math.ceil(whole.length / pageSize),
      });
      seen.push(...list.items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`));
    }
    expect(seen).toEqual(whole);
  });
  await fc.assert(property, { numRuns: 150 });
});

it('answers every query with less than 500', async () => {
  const known = fc.constantFrom(
    ...[
      'page',
      'pageSize',
      'name',
      'fuzzyName',
      'phase',
      'sortBy',
      'sortDir',
      'labelSelector',
      'fieldSelector',
      'gpuType',
    ],
    ...['cluster', 'namespace', 'showVirtualCluster', 'toString', ''],
  );
  const raw = fc.string({
    unit: fc.constantFrom(...'%=&+;,!()<>"\\\'/.*-_ 0Aaz\t\0é😀'.split(''), '%00', '%ff', '%zz', 'in', 'metadata.name'),
    maxLength: 30,
  });
  const pair = fc.tuple(known, fc.oneof(raw, fc.string({ unit: 'binary' }))).map(([name, value]) => `${name}=${value}`);
  const query = fc.oneof(
    raw,
    fc.array(pair, { maxLength: 4 }).map((pairs) => pairs.join('&')),
  );
  const statuses = new Map<number, number>();
  const property = fc.asyncProperty(query, fc.constantFrom(...paths), async (text, path) => {
    // Encodes what a URL cannot contain, as a client would.
    const answer = await ask(encodeURI(text.toWellFormed()).replaceAll('%25', '%'), path);
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    expect(answer.status, text).toBeLessThan(500);
    if (answer.status === 200) DeploymentList.parse(answer.json());
    else expect(answer.json().code, text).toBeGreaterThan(0);
  });
  await fc.assert(property, { numRuns: 3_000 });
  expect([...statuses.keys()].sort()).toEqual(expect.arrayContaining([200, 400]));
});
