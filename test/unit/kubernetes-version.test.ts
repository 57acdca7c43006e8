/** The lowest Kubernetes version that accepts the CRD and the admission policies, by the CEL functions that they call. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';

const root = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');

/**
 * In which minor version of Kubernetes 1 a function was added (IntroducedVersion in
 * k8s.io/apiserver/pkg/cel/environment/base.go). The API server accepts it in new objects one version later, so that it
 * can be rolled back.
 */
const addedIn: Record<number, string[]> = {
  25: [
    ...['all', 'duration', 'exists', 'exists_one', 'filter', 'has', 'map', 'matches', 'size', 'startsWith', 'string'],
    ...['findAll', 'join', 'max', 'min', 'split', 'timestamp', 'trim', 'type'],
  ],
  27: ['allowed', 'check', 'group', 'name', 'namespace', 'resource'],
  28: ['hasValue', 'of'],
  30: ['cidr', 'isCIDR', 'masked'],
  31: ['labelValue', 'qualifiedName', 'validate'],
};

/** @returns the CEL expressions of a manifest */
function expressionsOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, field]) =>
    ['rule', 'expression', 'messageExpression'].includes(key) && typeof field === 'string'
      ? [field]
      : expressionsOf(field),
  );
}

/** @returns the functions that an expression calls */
function functionsOf(expression: string): string[] {
  const withoutTexts = expression.replaceAll(/'[^']*'/g, "''");
  return [...withoutTexts.matchAll(/(\w+)\(/g)].map(([, name = '']) => name);
}

test('the required Kubernetes version offers all CEL functions of the CRD and of the policies', () => {
  const files = globSync(['crds/*.yaml', 'manifests/{base,components}/**/*.yaml'], { cwd: root });
  const manifests = files.flatMap((file) => parseAllDocuments(read(file)).map((document) => document.toJS()));
  const ofCel = manifests.filter((one) =>
    ['CustomResourceDefinition', 'ValidatingAdmissionPolicy'].includes(one?.kind ?? ''),
  );
  expect(ofCel.length).toBeGreaterThan(4);
  const called = new Set(ofCel.flatMap(expressionsOf).flatMap(functionsOf));
  const known = Object.values(addedIn).flat();
  expect([...called].filter((name) => !known.includes(name))).toEqual([]);
  const minors = Object.entries(addedIn).filter(([, names]) => names.some((name) => called.has(name)));
  const required = `1.${Math.max(...minors.map(([minor]) => Number(minor))) + 1}`;
  expect(parse(read('charts/accesskey-operator/Chart.yaml')).kubeVersion).toBe(`>=${required}.0-0`);
  expect(read('docs/install.md')).toContain(`Requires Kubernetes ${required} or newer`);
});
