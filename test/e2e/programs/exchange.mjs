// Exchanges the pod's ServiceAccount token for a token of the user (RFC 8693) and lists deployments, every second.
import { readFileSync } from 'node:fs';

const url = process.env.ACCESSKEY_URL;
const urn = 'urn:ietf:params:oauth';

async function once() {
  const exchanged = await fetch(`${url}/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: `${urn}:grant-type:token-exchange`,
      subject_token_type: `${urn}:token-type:jwt`,
      subject_token: readFileSync('/var/run/exchange/token', 'utf8'),
    }),
  });
  const { access_token: token, error } = await exchanged.json();
  if (token === undefined) throw new Error(error);
  const { preferred_username: user } = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
  const path = '/apis/kpanda.io/v1alpha1/clusters/kpanda-global-cluster/deployments';
  const listed = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } });
  const { pagination } = await listed.json();
  return `${user} sees ${pagination.total} deployments`;
}

process.once('SIGTERM', () => process.exit());
for (;;) {
  process.stdout.write(`${await once().catch((error) => `failed: ${error.message}`)}\n`);
  await new Promise((resolve) => setTimeout(resolve, 1000));
}
