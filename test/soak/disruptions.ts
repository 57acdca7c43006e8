import { setTimeout as sleep } from 'node:timers/promises';
import { makeCertificate } from '../support/certificates.ts';
import type { SoakPlatform } from './soak-platform.ts';

const downMs = 3_000;
/** How long requests may fail after the API server is ready again: caches and watches recover, milliseconds. */
const recoveryMs = 15_000;
const signingKeys = '/api/v1/namespaces/accesskey-system/secrets/accesskey-operator-signing-keys';

/** Restarts the API server, replaces the certificate and requests new signing keys, `count` times at equal intervals. */
export async function disrupt(
  platform: SoakPlatform,
  { count, intervalMs }: { count: number; intervalMs: number },
  signal: AbortSignal,
): Promise<void> {
  const steps = [replaceCertificate, rotateSigningKey, restartApiServer];
  for (let n = 0; n < count * steps.length; n += 1) {
    await sleep(intervalMs / steps.length, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    const step = steps[n % steps.length];
    await step?.(platform, n).catch((error: unknown) => platform.record.failed(step.name, String(error)));
  }
}

async function replaceCertificate({ certificate, record }: SoakPlatform, n: number): Promise<void> {
  await certificate.swap(await makeCertificate(`localhost-${n}`));
  record.done('certificate replaced');
}

/** Retires the key that signs, which is the first published one. */
async function rotateSigningKey({ admin, record, send }: SoakPlatform): Promise<void> {
  const { keys } = (await (await send('/.well-known/jwks.json')).body.json()) as { keys: { kid: string }[] };
  const annotations = { 'ghippo.io/rotate-signing-key': keys[0]?.kid };
  const isAccepted = await admin.merge(signingKeys, { metadata: { annotations } });
  if (isAccepted) record.done('signing-key rotation requested');
  else record.failed('signing-key rotation', 'request rejected');
}

async function restartApiServer({ cluster, outage, record }: SoakPlatform, n: number): Promise<void> {
  const stop = n % 2 === 0 ? 'SIGTERM' : 'SIGKILL';
  outage.current = true;
  await cluster.controlPlane.stopApiServer(stop);
  await sleep(downMs);
  await cluster.controlPlane.startApiServer();
  await sleep(recoveryMs);
  outage.current = false;
  record.done(`API server restarted with ${stop}`);
}
