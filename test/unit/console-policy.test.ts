import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');

test('the console policy protects every field of spec except keyPairs', () => {
  const [version] = parse(read('crds/accesskeys.ghippo.io.yaml')).spec.versions;
  const fields = Object.keys(version.schema.openAPIV3Schema.properties.spec.properties);
  expect(fields).toContain('keyPairs');
  const policy = read('manifests/base/console-policy.yaml');
  const missing = fields.filter((field) => field !== 'keyPairs' && !policy.includes(`object.spec.${field}`));
  expect(missing).toEqual([]);
});

test('the console policy compares every field of the user', () => {
  const [version] = parse(read('crds/accesskeys.ghippo.io.yaml')).spec.versions;
  const { user } = version.schema.openAPIV3Schema.properties.spec.properties;
  const policy = read('manifests/base/console-policy.yaml');
  const missing = Object.keys(user.properties).filter((field) => !policy.includes(`oldObject.spec.user.${field}`));
  expect(missing).toEqual([]);
});
