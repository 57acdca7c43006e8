import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { stringify } from 'yaml';

/** The fields of a SubjectAccessReviewSpec (authorization.k8s.io/v1) that tests use. */
export interface WebhookQuestion {
  user?: string;
  resourceAttributes?: { verb?: string; group?: string; resource?: string; namespace?: string };
}

/** An authorizer in addition to RBAC, as clouds have them. */
export interface AuthorizationWebhook {
  /** Arguments of kube-apiserver, which calls the webhook if RBAC does not allow a request. */
  readonly apiServerArguments: readonly string[];
  stop(): void;
}

/** @param directory for the kubeconfig that kube-apiserver uses to reach the webhook */
export async function startAuthorizationWebhook(
  directory: string,
  isAllowed: (question: WebhookQuestion) => boolean,
): Promise<AuthorizationWebhook> {
  const server = createServer(async (request, response) => {
    const { apiVersion, kind, spec } = await readJson(request);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ apiVersion, kind, status: { allowed: isAllowed(spec) } }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const file = join(directory, 'webhook.kubeconfig');
  await writeFile(file, kubeconfig(`http://127.0.0.1:${port}`));
  return {
    apiServerArguments: [
      // Added to RBAC, which comes first.
      '--authorization-mode=RBAC,Webhook',
      '--authorization-webhook-version=v1',
      `--authorization-webhook-config-file=${file}`,
      ...['authorized', 'unauthorized'].map((which) => `--authorization-webhook-cache-${which}-ttl=0s`),
    ],
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function readJson(
  request: IncomingMessage,
): Promise<{ apiVersion: string; kind: string; spec: WebhookQuestion }> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

function kubeconfig(server: string): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'webhook', cluster: { server } }],
    users: [{ name: 'apiserver', user: {} }],
    contexts: [{ name: 'webhook', context: { cluster: 'webhook', user: 'apiserver' } }],
    'current-context': 'webhook',
  });
}
