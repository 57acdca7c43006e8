import { describe, expect, it } from 'vitest';
import { createMatch } from '../../../src/deployments/filter.ts';
import { DeploymentItem } from '../../../src/deployments/kpanda/schema.ts';
import { serializePage } from '../../../src/deployments/listing.ts';
import { maxBriefSize, maxTextSize, omittedAnnotation } from '../../../src/deployments/omission.ts';
import { createDeploymentTransform, type DeploymentRecord } from '../../../src/deployments/record.ts';
import { parseLabelSelector } from '../../../src/selector/label-selector.ts';
import { maximalDeployment } from '../../fixtures/maximal-deployment.ts';
import { record } from './support.ts';

const itemOf = (text: string): DeploymentItem => DeploymentItem.parse(JSON.parse(text));
const omittedFrom = (text: string) => itemOf(text).metadata.annotations[omittedAnnotation];
const times = <T>(length: number, value: T): T[] => Array.from({ length }, () => value);
const mapOf = (length: number) => Object.fromEntries(Array.from({ length }, (_, n) => [`k${n}`, 'v'.repeat(60)]));

/** 1.8 MB at the API server, and more than three times as much in the response. */
const tolerant = (key = 'shop/web') =>
  record(key, {
    metadata: { annotations: { a: 'b' } },
    spec: { template: { spec: { containers: [{ name: 'c' }], tolerations: times(80_000, { operator: 'Exists' }) } } },
  });

describe('the item of a Deployment', () => {
  it('is complete for a usual Deployment', () => {
    const { text, brief } = createDeploymentTransform('here')(maximalDeployment as never);
    expect(omittedFrom(text)).toBeUndefined();
    expect(brief).toBe(text);
  });

  it('lacks the largest part of a very large one, and names it in an annotation', () => {
    const { text } = tolerant();
    const { metadata, spec } = itemOf(text);
    expect(Buffer.byteLength(text)).toBeLessThan(maxTextSize);
    expect(metadata.annotations).toEqual({ a: 'b', [omittedAnnotation]: 'spec.template.spec.tolerations' });
    expect(spec.template?.spec).toMatchObject({ tolerations: [], containers: [{ name: 'c' }] });
  });

  it('lacks no more parts than necessary', () => {
    const spec = {
      template: { spec: { containers: times(150, { name: 'c' }), volumes: times(2_000, { name: 'v' }) } },
    };
    const { text, brief } = record('shop/web', { spec });
    expect(omittedFrom(text)).toBe('spec.template.spec.volumes');
    expect(omittedFrom(brief)).toBe('spec.template.spec.containers,spec.template.spec.volumes');
  });

  it('is complete up to 256 KiB, but not on a page that is too long', () => {
    const { text, brief } = record('shop/web', { metadata: { annotations: { a: 'x'.repeat(200_000) } } });
    expect([omittedFrom(text), omittedFrom(brief)]).toEqual([undefined, 'metadata.annotations']);
  });

  it('can be selected by the first labels that it lacks', () => {
    const deployment = record('shop/web', { metadata: { labels: mapOf(10_000) } });
    const isSelected = (selector: string) => createMatch({ labels: parseLabelSelector(selector) })(deployment);
    expect(omittedFrom(deployment.text)).toBe('metadata.labels');
    expect([isSelected('k7'), isSelected('k499'), isSelected('k500')]).toEqual([true, true, false]);
  });

  const long = 'x'.repeat(1_000_000);
  const container = { name: 'c', args: [long] };
  it.each([
    ['labels', { metadata: { labels: mapOf(10_000) } }],
    ['annotations', { metadata: { annotations: { a: long } } }],
    ['annotations of three bytes per character', { metadata: { annotations: { a: '界'.repeat(10_000) } } }],
    ['owners', { metadata: { ownerReferences: [{ name: long }] } }],
    ['template metadata', { spec: { template: { metadata: { name: long } } } }],
    ['template labels', { spec: { template: { metadata: { labels: mapOf(10_000) } } } }],
    ['containers', { spec: { template: { spec: { containers: [container] } } } }],
    ['initContainers', { spec: { template: { spec: { initContainers: [container] } } } }],
    ['ephemeralContainers', { spec: { template: { spec: { ephemeralContainers: [container] } } } }],
    ['volumes', { spec: { template: { spec: { volumes: times(20_000, { name: 'v' }) } } } }],
    [
      'affinity',
      {
        spec: {
          template: {
            spec: { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: times(20_000, {}) } } },
          },
        },
      },
    ],
    ['strategy', { spec: { strategy: { rollingUpdate: { maxSurge: `${'0'.repeat(1_000_000)}%` } } } }],
    ['nodeName', { spec: { template: { spec: { nodeName: long } } } }],
    ['conditions', { status: { conditions: [{ message: long }] } }],
    [
      'everything',
      {
        metadata: { labels: mapOf(400) },
        spec: { template: { metadata: { labels: mapOf(300) }, spec: { containers: times(200, { name: 'c' }) } } },
      },
    ],
  ])('is limited in size, and valid, with large %s', (_, object) => {
    const { text, brief } = record('shop/web', object);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(maxTextSize);
    expect(Buffer.byteLength(brief)).toBeLessThanOrEqual(maxBriefSize);
    expect(omittedFrom(brief)).not.toBeUndefined();
  });
});

describe('a page', () => {
  const pagination = { total: 500, page: 1, pageSize: 500, pages: 1 };
  const page = (count: number, large: DeploymentRecord) =>
    serializePage({ items: [...times(count, large), record('shop/small')], pagination }).join('');

  it('has at most 8 MiB, whatever Deployments it has', () => {
    const large = record('shop/web', { metadata: { annotations: { a: 'x'.repeat(200_000) } } });
    expect(page(499, large).length).toBeLessThan(8 * 1024 * 1024);
    expect(page(499, tolerant()).length).toBeLessThan(8 * 1024 * 1024);
    const wide = record('shop/web', { metadata: { annotations: { a: '界'.repeat(5_200) } } });
    expect(Buffer.byteLength(page(499, wide))).toBeLessThan(8 * 1024 * 1024);
  });

  it('is valid without items', () => {
    expect(JSON.parse(serializePage({ items: [], pagination }).join(''))).toEqual({ items: [], pagination });
  });

  it('consists of the texts of the store, which it does not copy', () => {
    const large = record('shop/web', { metadata: { annotations: { a: 'x'.repeat(200_000) } } });
    expect(serializePage({ items: [large, large], pagination }).filter((part) => part === large.text)).toHaveLength(2);
  });

  it('has complete items as long as it is not too long', () => {
    const large = record('shop/web', { metadata: { annotations: { a: 'x'.repeat(200_000) } } });
    expect(page(39, large)).toContain('x'.repeat(200_000));
    expect(page(41, large)).not.toContain('x'.repeat(200_000));
  });
});
