/** The alert about failed attempts must not count responses with another reason. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createPlatform } from '../support.ts';

interface Document {
  paths: Record<string, Record<string, { responses: Record<string, { description: string } | undefined> }>>;
}

it('AccessKeyRequestsThrottled excludes exactly the routes that limit changes, not failed attempts', async () => {
  const rules = readFileSync('manifests/components/monitoring/prometheus-rule.yaml', 'utf8');
  const pattern = /code="429",\s+route!~"([^"]+)"/.exec(rules)?.[1];
  const { get } = await createPlatform();
  const { paths } = await (await get('/openapi.json')).json<Document>();
  const throttled = Object.entries(paths).flatMap(([path, operations]) =>
    Object.values(operations).flatMap(({ responses }) => {
      const description = responses[429]?.description;
      // In metrics, a route has :id for {id}.
      return description === undefined ? [] : [{ route: path.replaceAll(/\{(\w+)\}/g, ':$1'), description }];
    }),
  );
  expect(throttled.length).toBeGreaterThan(4);
  for (const { route, description } of throttled) {
    const isExcluded = new RegExp(`^(?:${pattern})$`).test(route);
    expect([route, isExcluded]).toEqual([route, description.startsWith('Too many changes')]);
  }
});
