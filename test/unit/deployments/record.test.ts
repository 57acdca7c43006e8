import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createMatch } from '../../../src/deployments/filter.ts';
import { DeploymentItem } from '../../../src/deployments/kpanda/schema.ts';
import { createDeploymentTransform } from '../../../src/deployments/record.ts';
import type { RawObject } from '../../../src/kube/raw-object.ts';
import { parseLabelSelector } from '../../../src/selector/label-selector.ts';
import { maximalDeployment } from '../../fixtures/maximal-deployment.ts';
import { record } from './support.ts';

/** Values in place of text that could throw, or be rendered as HTML, when used. */
const oddValues: unknown[] = [{ toString: 1, length: 1 }, { isEscaped: true, callbacks: [1] }, [['<b>']], 7, true];

/** The paths of all values in an object, except for those without which the watch rejects it. */
function pathsIn(value: unknown): string[][] {
  if (typeof value !== 'object' || value === null) return [];
  const all = Object.entries(value).flatMap(([key, child]) => [[key], ...pathsIn(child).map((rest) => [key, ...rest])]);
  return all.filter((path) => !/^metadata(,(name|namespace|resourceVersion))?$/.test(path.join()));
}

function replaced(value: unknown, [key = '', ...rest]: readonly string[], replacement: unknown): unknown {
  if (Array.isArray(value)) return value.map((one, index) => (String(index) === key ? inner(one) : one));
  return { ...(value as object), [key]: inner((value as Record<string, unknown>)[key]) };
  function inner(child: unknown): unknown {
    return rest.length === 0 ? replacement : replaced(child, rest, replacement);
  }
}

describe('a malformed Deployment of a registered cluster', () => {
  it.each(oddValues)('with %o in place of text or numbers still has a valid response item', (value) => {
    const metadata = { uid: value, creationTimestamp: value, ownerReferences: [{ name: value }] };
    const container = { name: value, image: value, livenessProbe: { httpGet: { port: value } } };
    const spec = { paused: value, template: { spec: { nodeName: value, containers: [container] } } };
    const { text, createdAt } = record('shop/web', { metadata, spec });
    const item = DeploymentItem.parse(JSON.parse(text));
    expect(typeof item.spec.template?.spec?.containers[0]?.image).toBe('string');
    expect(Number.isFinite(createdAt)).toBe(true);
  });

  it.each([[{ toString: 1, length: 1 }], [[null, 'x']], [1.5]])('with %o in place of any field', (value) => {
    const transform = createDeploymentTransform('here');
    const malformed = pathsIn(maximalDeployment).map((path) => replaced(maximalDeployment, path, value) as RawObject);
    const items = malformed.map((raw) => JSON.parse(transform(raw).text));
    expect(z.array(DeploymentItem).safeParse(items).error).toBeUndefined();
  });

  it.each([...oddValues, null].map((one) => [one]))('with labels %o is not selected', (labels) => {
    const matches = createMatch({ labels: parseLabelSelector('app>1') });
    for (const metadata of [{ labels }, { labels: { app: labels } }]) {
      expect(matches(record('shop/web', { metadata }))).toBe(false);
    }
  });

  it('does not expose properties of Object.prototype', () => {
    const metadata = JSON.parse(
      '{"labels": {"__proto__": "x", "constructor": "y"}, "annotations": {"__proto__": "z"}}',
    );
    const deployment = record('shop/web', { metadata });
    expect(createMatch({ labels: parseLabelSelector('constructor=y,!toString') })(deployment)).toBe(true);
    expect(JSON.parse(deployment.text).metadata.annotations).toEqual(JSON.parse('{"__proto__": "z"}'));
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });
});

describe('the record of a Deployment that is as large as etcd stores', () => {
  it('keeps 500 of its labels', () => {
    const labels = Object.fromEntries(Array.from({ length: 120_000 }, (_, n) => [`l${n}`, '']));
    const { labels: kept, text } = record('shop/web', { metadata: { labels } });
    expect(Object.keys(kept)).toEqual(Object.keys(labels).slice(0, 500));
    expect(text.length).toBeLessThan(1_000);
  });

  it('keeps 500 of its extended resources', () => {
    const requests = Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`example.com/r${n}`, '1']));
    const { extendedResources } = record('shop/web', {
      spec: { template: { spec: { containers: [{ resources: { requests } }] } } },
    });
    expect(extendedResources).toEqual(Object.keys(requests).slice(0, 500));
  });

  it('keeps all labels of others', () => {
    const labels = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`l${n}`, '']));
    expect(record('shop/web', { metadata: { labels } }).labels).toEqual(labels);
  });
});
