/** The manifest of a Deployment; nothing needs to run for it to be listed. */
export function deploymentManifest(namespace: string, name: string) {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace, name },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'example.org/main' }] } },
    },
  };
}
