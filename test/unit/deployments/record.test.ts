import { describe, expect, it } from 'vitest';
import { createMatch } from '../../../src/deployments/filter.ts';
import { DeploymentItem } from '../../../src/deployments/kpanda/schema.ts';
import { parseLabelSelector } from '../../../src/selector/label-selector.ts';
import { record } from './support.ts';

/** Values in place of text that could throw, or be rendered as HTML, when used. */
const oddValues: unknown[] = [{ toString: 1 }, { isEscaped: true, callbacks: [1] }, [['<b>']], 7, true];

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
