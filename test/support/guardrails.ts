import { join } from 'node:path';
import { expect } from 'vitest';
import { guardrailsConfigMap } from '../../src/accesskey/guardrails/guardrails.ts';
import { operatorNamespace, renderManifests } from '../../tools/install.ts';
import type { Kubectl } from '../../tools/kubectl.ts';
import { poll } from '../../tools/poll.ts';
import { accessKeyManifest } from './platform.ts';

/** The guardrails of a cluster. */
export interface InstalledGuardrails {
  /**
   * Sets all guardrails, and waits until the API server uses them. The ConfigMap is malformed for a moment.
   *
   * @param namespace of the AccessKeys that are created as a dry run, must exist
   */
  set(data: Record<string, string>, namespace?: string): Promise<void>;
  /** Replaces the data of the ConfigMap without waiting. */
  write(data: Record<string, string>): Promise<void>;
}

/** Installs the policy and the ConfigMap of manifests/overlays/guardrails. */
export async function installGuardrails(kubectl: Kubectl): Promise<InstalledGuardrails> {
  const rendered = await renderManifests(kubectl, join(import.meta.dirname, '../../manifests/overlays/guardrails'));
  const items = rendered.filter(({ metadata }) => /guardrails/.test(metadata.name));
  expect(items.map(({ kind }) => kind).sort()).toEqual([
    'ConfigMap',
    'ValidatingAdmissionPolicy',
    'ValidatingAdmissionPolicyBinding',
  ]);
  await kubectl.apply(items, '--server-side');
  return guardrailsOf(kubectl);
}

/** The guardrails of a cluster that has them in this namespace. */
function guardrailsOf(kubectl: Kubectl, operator = operatorNamespace): InstalledGuardrails {
  let markers = 0;
  async function write(data: Record<string, string>): Promise<void> {
    const metadata = { name: guardrailsConfigMap, namespace: operator };
    const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data };
    await kubectl.run(['replace', '-f', '-'], JSON.stringify(configMap));
  }
  return {
    write,
    async set(data, namespace = 'team') {
      // A malformed field that names this call shows that the API server has read it; its removal is seen the same way.
      const marker = `marker${markers++}`;
      const isSeen = async () => (await rejectionOf(kubectl, accessKeyManifest(namespace, 'probe'))).includes(marker);
      await write({ ...data, [marker]: '' });
      await poll(marker, isSeen);
      await write(data);
      await poll(`${marker} is gone`, async () => !(await isSeen()));
    },
  };
}

/** @returns the error message of a dry run, or "accepted" */
export function rejectionOf(kubectl: Kubectl, manifest: object, verb = 'create', ...args: string[]): Promise<string> {
  return kubectl.run([verb, '--dry-run=server', '-f', '-', ...args], JSON.stringify(manifest)).then(
    () => 'accepted',
    (error: Error) => error.message,
  );
}
