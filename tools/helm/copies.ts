/**
 * What the chart has from manifests/ as it is, so that it stands there only once: charts cannot reach outside of their
 * folder.
 */
import { readFile } from 'node:fs/promises';

const root = new URL('../../', import.meta.url);
const target = new URL('charts/accesskey-operator/files/', root);

/** For each file of the chart, where it is from. */
const sources = {
  'accesskeys.ghippo.io.yaml': 'crds/accesskeys.ghippo.io.yaml',
  'admission-policy.yaml': 'manifests/base/admission-policy.yaml',
  'console-policy.yaml': 'manifests/base/console-policy.yaml',
  'secret-policy.yaml': 'manifests/base/secret-policy.yaml',
  'rbac.yaml': 'manifests/base/rbac.yaml',
  'user-roles.yaml': 'manifests/base/user-roles.yaml',
  'single-namespace-rbac.yaml': 'manifests/components/single-namespace/rbac.yaml',
  'certificate.yaml': 'manifests/components/cert-manager/certificate.yaml',
  'prometheus-rule.yaml': 'manifests/components/monitoring/prometheus-rule.yaml',
  'accesskey-operator.json': 'manifests/components/monitoring/accesskey-operator.json',
};

/** The copies, as npm run generate makes them. */
export const chartCopies = Object.entries(sources).map(([name, source]) => ({
  file: new URL(name, target),
  text: async () => `${heading(source)}${await readFile(new URL(source, root), 'utf8')}`,
}));

/** JSON has no comments. */
function heading(source: string): string {
  return source.endsWith('.json') ? '' : `# Made from ${source} by npm run generate. Do not edit.\n`;
}
