import fc from 'fast-check';
import { expect, it } from 'vitest';
import { conditionsOf, createMatch, type Filter, selectableFields } from '../../../src/deployments/filter.ts';
import { isGPU } from '../../../src/deployments/gpu.ts';
import { listDeployments } from '../../../src/deployments/listing.ts';
import { comparisons, type OrderBy } from '../../../src/deployments/order.ts';
import type { DeploymentRecord } from '../../../src/deployments/record.ts';
import { parseFieldSelector } from '../../../src/selector/field-selector.ts';
import { parseLabelSelector } from '../../../src/selector/label-selector.ts';
import { matchesFields, matchesLabels } from '../../support/matches-selector.ts';
import { keys, record, storeOf } from './support.ts';

const namespaces = ['a', 'b', 'c'];
const deployments = namespaces.flatMap((namespace) =>
  ['api', 'web', 'web-2', 'x'].map((name) => `${namespace}/${name}`),
);

/** Few keys and values, so that selectors often match. */
const labels = fc.dictionary(
  fc.constantFrom('app', 'tier', 'size', 'constructor'),
  fc.constantFrom('', 'a', 'b', '5', '7'),
);
const resources = fc.constantFrom({}, { 'nvidia.com/gpu': '1' }, { 'example.com/fpga': '1' });
const change = fc.record({
  key: fc.constantFrom(...deployments),
  isRemoved: fc.boolean(),
  labels,
  resources,
  replicas: fc.constantFrom(0, 1),
  creationTimestamp: fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'),
});
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

const requirement = fc.constantFrom(
  ...['app', '!app', 'app=a', 'app==', 'app!=a', 'app in (a,b)', 'app notin (a,b)', 'app in (a,)', 'app notin (,z)'],
  ...['tier', '!tier', 'tier=b', 'tier!=b', 'size>5', 'size<7', 'missing', '!missing', 'missing!=a', 'constructor=a'],
  '!toString',
);
const fieldRequirement = fc.constantFrom(
  ...['metadata.name=web', 'metadata.name!=web', 'metadata.namespace=a', 'metadata.namespace!=a', 'metadata.name='],
);
const selectors = (one: fc.Arbitrary<string>) => fc.option(fc.array(one, { maxLength: 8 }).map((all) => all.join()));
const filter = fc.record({
  name: fc.option(fc.constantFrom('web', 'nothing')),
  fuzzyName: fc.option(fc.constantFrom('', 'EB', 'web-', 'x', 'nothing', 'b\nw')),
  state: fc.option(fc.constantFrom('Stopped' as const, 'Not_Ready' as const)),
  labels: selectors(requirement),
  fields: selectors(fieldRequirement),
  gpuType: fc.option(fc.constantFrom('*', 'example.com/fpga')),
});
type Texts = typeof filter extends fc.Arbitrary<infer T> ? T : never;

function parse({ name, fuzzyName, state, labels, fields, gpuType }: Texts): Filter {
  return {
    name: name ?? undefined,
    fuzzyName: fuzzyName ?? undefined,
    state: state ?? undefined,
    gpuType: gpuType ?? undefined,
    labels: labels === null ? undefined : parseLabelSelector(labels),
    fields: fields === null ? undefined : parseFieldSelector(fields, selectableFields),
  };
}

/** Compares a Deployment with a filter in the simplest way. */
function matches(
  { name, fuzzyName = '', state, labels = [], fields = [], gpuType }: Filter,
  one: DeploymentRecord,
): boolean {
  return (
    (name ?? one.name) === one.name &&
    one.name.includes(fuzzyName.toLowerCase()) &&
    (state ?? one.state) === one.state &&
    matchesLabels(labels, one.labels) &&
    matchesFields(fields, { 'metadata.name': one.name, 'metadata.namespace': one.namespace }) &&
    (gpuType === undefined || one.extendedResources.some((it) => (gpuType === '*' ? isGPU(it) : it === gpuType)))
  );
}

function recordOf({ key, labels, resources, replicas, creationTimestamp }: Change): DeploymentRecord {
  const container = { name: 'main', resources: { limits: resources } };
  const spec = { replicas, template: { spec: { containers: [container] } } };
  return record(key, { metadata: { labels, creationTimestamp }, spec });
}

const step = fc.record({
  changes: fc.array(change, { maxLength: 4 }),
  filter,
  scope: fc.oneof(fc.constant('all' as const), fc.subarray(namespaces)),
  by: fc.constantFrom(...(Object.keys(comparisons) as OrderBy[])),
  descending: fc.boolean(),
  page: fc.integer({ min: 1, max: 3 }),
  pageSize: fc.integer({ min: 1, max: 5 }),
});

it('returns the same page and total as a scan, whatever changed before', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const store = storeOf([]);
      for (const { changes, filter: texts, scope, by, descending, page, pageSize } of steps) {
        for (const one of changes) {
          if (one.isRemoved) store.remove(one.key);
          else store.upsert(recordOf(one));
        }
        const wanted = parse(texts);
        const expected = [...store.values()]
          .filter((one) => (scope === 'all' || scope.includes(one.namespace)) && matches(wanted, one))
          .sort(comparisons[by]);
        if (descending) expected.reverse();
        const query = { by, descending, page, pageSize, conditions: conditionsOf(wanted) };
        const result = listDeployments([{ store, namespaces: scope }], query);
        expect(keys(result.items)).toEqual(keys(expected.slice((page - 1) * pageSize, page * pageSize)));
        expect(result.pagination.total).toBe(expected.length);
        expect(keys([...store.values()].filter(createMatch(wanted)))).toEqual(
          keys([...store.values()].filter((one) => matches(wanted, one))),
        );
      }
    }),
    { numRuns: 500 },
  );
});
