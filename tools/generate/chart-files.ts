/** Copies files from manifests/ to the chart, because charts cannot read files outside of their folder. */
import { readFile } from 'node:fs/promises';

const root = new URL('../../', import.meta.url);
const target = new URL('charts/accesskey-operator/files/', root);

/** Source of each file in the chart. */
const sources = {
  'accesskeys.ghippo.io.yaml': 'crds/accesskeys.ghippo.io.yaml',
  'admission-policy.yaml': 'manifests/base/admission-policy.yaml',
  'console-policy.yaml': 'manifests/base/console-policy.yaml',
  'secret-policy.yaml': 'manifests/base/secret-policy.yaml',
  'guardrails-policy.yaml': 'manifests/components/guardrails/policy.yaml',
  'rbac.yaml': 'manifests/base/rbac.yaml',
  'user-roles.yaml': 'manifests/base/user-roles.yaml',
  'single-namespace-rbac.yaml': 'manifests/components/single-namespace/rbac.yaml',
  'back-channel-logout-rbac.yaml': 'manifests/components/back-channel-logout/rbac.yaml',
  'self-service-rbac.yaml': 'manifests/components/self-service/rbac.yaml',
  'certificate.yaml': 'manifests/components/cert-manager/certificate.yaml',
  'prometheus-rule.yaml': 'manifests/components/monitoring/prometheus-rule.yaml',
  'accesskey-operator.json': 'manifests/components/monitoring/accesskey-operator.json',
};

export const chartFiles = Object.entries(sources).map(([name, source]) => ({
  file: new URL(name, target),
  text: async () => `${bannerOf(source)}${await readFile(new URL(source, root), 'utf8')}`,
}));

/** Returns the first line of a copy. JSON has no comments. */
function bannerOf(source: string): string {
  return source.endsWith('.json') ? '' : `# Generated from ${source} by npm run generate. Do not edit.\n`;
}
