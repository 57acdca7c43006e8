import { readFileSync } from 'node:fs';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { collectKeyPairs, type MeasuredPair } from '../../../src/metrics/key-pairs.ts';
import { createMetrics } from '../../../src/metrics/metrics.ts';

function pair(parts: Partial<MeasuredPair> = {}): MeasuredPair {
  const times = { expiresAt: 2_000, createdAt: 1_000, lastUsedAt: 1_500 };
  return { namespace: 'shop', accesskey: 'ann', pair: 'main', ...times, ...parts };
}

/** @returns the series without help and type */
async function seriesOf(pairs: () => Iterable<MeasuredPair>, max?: number): Promise<string[]> {
  const register = new Registry();
  collectKeyPairs(register, pairs, max);
  return (await register.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

const labels = '{namespace="shop",accesskey="ann",pair="main"}';

describe('the metrics of each key pair', () => {
  it('are its expiry, creation and last use in seconds', async () => {
    expect(await seriesOf(() => [pair()])).toEqual([
      `accesskey_key_pair_expiration_timestamp_seconds${labels} 2`,
      `accesskey_key_pair_created_timestamp_seconds${labels} 1`,
      `accesskey_key_pair_last_use_timestamp_seconds${labels} 1.5`,
      'accesskey_key_pairs_not_reported 0',
    ]);
  });

  it('are +Inf for a pair that does not expire, and absent for an unknown time', async () => {
    const times = { expiresAt: Number.POSITIVE_INFINITY, createdAt: undefined, lastUsedAt: undefined };
    expect(await seriesOf(() => [pair(times)])).toEqual([
      `accesskey_key_pair_expiration_timestamp_seconds${labels} +Inf`,
      'accesskey_key_pairs_not_reported 0',
    ]);
  });

  it('disappear with the pair', async () => {
    const pairs = [pair()];
    const register = new Registry();
    collectKeyPairs(register, () => pairs);
    expect(await register.metrics()).toContain(labels);
    pairs.length = 0;
    expect(await register.metrics()).not.toContain(labels);
  });

  it('are limited to a number of pairs, and the others are counted', async () => {
    const pairs = Array.from({ length: 5 }, (_, n) => pair({ pair: `p${n}` }));
    const series = await seriesOf(() => pairs, 2);
    expect(series).toHaveLength(7);
    expect(series.at(-1)).toBe('accesskey_key_pairs_not_reported 3');
  });

  it('escape a name, which the CRD does not allow anyway', async () => {
    const [first] = await seriesOf(() => [pair({ accesskey: 'a"b\n' })]);
    expect(first).toContain('accesskey="a\\"b\\n"');
  });

  it('do not exist unless they are enabled', async () => {
    const metrics = createMetrics();
    metrics.collect({});
    expect(await metrics.exposition()).not.toContain('accesskey_key_pair_');
  });
});

interface Schema {
  properties?: Record<string, Schema>;
  items?: Schema;
}

/** The schema at a path; a list stands for its items. */
function schemaAt(schema: Schema | undefined, path: readonly string[]): Schema | undefined {
  return path.reduce<Schema | undefined>((at, name) => (at?.items ?? at)?.properties?.[name], schema);
}

describe('examples/monitoring/kube-state-metrics.yaml', () => {
  const read = (file: string) => parse(readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8'));
  const { spec: crd } = read('crds/accesskeys.ghippo.io.yaml');
  const [resource] = read('examples/monitoring/kube-state-metrics.yaml').spec.resources;

  it('names the CRD and paths of its status', () => {
    const [version] = crd.versions;
    expect(resource.groupVersionKind).toEqual({ group: crd.group, version: version.name, kind: crd.names.kind });
    for (const { each } of resource.metrics) {
      const { path, labelsFromPath, valueFrom } = each.gauge;
      for (const end of [valueFrom, ...Object.values<string[]>(labelsFromPath)]) {
        expect(schemaAt(version.schema.openAPIV3Schema, [...path, ...end]), [...path, ...end].join('.')).toBeDefined();
      }
    }
  });
});
