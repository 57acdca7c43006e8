/** What the manifests must agree on with the limits of the configuration. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { schema } from '../../../src/config/schema.ts';

it('install.yaml has the policies before the roles, which allow creating AccessKeys, and the Deployment last', () => {
  const documents = parseAllDocuments(readFileSync('manifests/install.yaml', 'utf8'));
  const kinds = documents.map((one) => String(one.get('kind')));
  expect(kinds.lastIndexOf('ValidatingAdmissionPolicyBinding')).toBeLessThan(kinds.indexOf('ClusterRole'));
  expect(kinds.at(-1)).toBe('Deployment');
});

it('pods may run until the longest shutdown is done', () => {
  const documents = parseAllDocuments(readFileSync('manifests/base/deployment.yaml', 'utf8'));
  const deployment = documents.find((one) => one.get('kind') === 'Deployment');
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  const longestDelay = Number(Object(json.properties?.http).properties.shutdownDelaySeconds.maximum);
  expect(longestDelay).toBe(60);
  expect(deployment?.getIn(['spec', 'template', 'spec', 'terminationGracePeriodSeconds'])).toBe(longestDelay + 25);
});
