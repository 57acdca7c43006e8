import { describe, expect, it } from 'vitest';
import { createFilter } from '../../../src/deployments/filter.ts';
import { DeploymentItem } from '../../../src/deployments/schema.ts';
import { parseLabelSelector } from '../../../src/selector/label-selector.ts';
import { record } from './support.ts';

/** What a value that should be text can be instead: each makes something throw, or pass for HTML, when it is used. */
const odd: unknown[] = [{ toString: 1 }, { isEscaped: true, callbacks: [1] }, [['<b>']], 7, true];

describe('a Deployment that a cluster has made up', () => {
  it.each(odd)('with %o in the place of text or numbers is shown by the schema', (value) => {
    const metadata = { uid: value, creationTimestamp: value, ownerReferences: [{ name: value }] };
    const container = { name: value, image: value, livenessProbe: { httpGet: { port: value } } };
    const spec = { paused: value, template: { spec: { nodeName: value, containers: [container] } } };
    const { text, createdAt } = record('shop/web', { metadata, spec });
    const item = DeploymentItem.parse(JSON.parse(text));
    expect(typeof item.spec.template?.spec?.containers[0]?.image).toBe('string');
    expect(Number.isFinite(createdAt)).toBe(true);
  });

  it.each([...odd, null].map((one) => [one]))('with labels %o is selected by none', (labels) => {
    const matches = createFilter({ labels: parseLabelSelector('app>1') });
    for (const metadata of [{ labels }, { labels: { app: labels } }]) {
      expect(matches?.(record('shop/web', { metadata }))).toBe(false);
    }
  });

  it('has nothing by the names of an object’s own', () => {
    const metadata = JSON.parse(
      '{"labels": {"__proto__": "x", "constructor": "y"}, "annotations": {"__proto__": "z"}}',
    );
    const made = record('shop/web', { metadata });
    expect(createFilter({ labels: parseLabelSelector('constructor=y,!toString') })?.(made)).toBe(true);
    expect(JSON.parse(made.text).metadata.annotations).toEqual(JSON.parse('{"__proto__": "z"}'));
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });
});
