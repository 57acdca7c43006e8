import { describe, expect, it } from 'vitest';
import { waitForPolicies } from '../../../tools/install.ts';
import { type Kubectl, manifestStream } from '../../../tools/kubectl.ts';

/** A kubectl that records its commands; `rejectionOf` returns the error message of a dry run, or undefined. */
function fakeKubectl(rejectionOf: (kind: string) => string | undefined) {
  const commands: string[] = [];
  async function run(args: readonly string[], input = '{}'): Promise<string> {
    const kinds = input.split('\n').map((line) => (JSON.parse(line) as { kind: string }).kind);
    commands.push([args[0], ...kinds].join(' '));
    const rejection = args.includes('--dry-run=server') ? rejectionOf(String(kinds[0])) : undefined;
    if (rejection !== undefined) throw new Error(rejection);
    return '';
  }
  const kubectl: Kubectl = {
    path: 'kubectl',
    kubeconfig: '',
    run,
    get: () => Promise.reject(new Error('not used')),
    apply: (manifests) => run(['apply'], manifestStream(manifests)),
  };
  return { kubectl, commands };
}

const denied = (policy: string) => `ValidatingAdmissionPolicy '${policy}' with binding '${policy}' denied request`;
const policyOf = (kind: string) => (kind === 'Secret' ? 'secrets.accesskeys.ghippo.io' : 'accesskeys.ghippo.io');
const removal = 'delete Role RoleBinding';

describe('waitForPolicies', () => {
  it('probes both policies and removes the permissions of the probe', async () => {
    const { kubectl, commands } = fakeKubectl((kind) => denied(policyOf(kind)));
    await waitForPolicies(kubectl, { timeoutMs: 0 });
    expect(commands).toEqual(['apply Role RoleBinding', 'create AccessKey', 'create Secret', removal]);
  });

  it.each(['AccessKey', 'Secret'])('fails and removes the permissions if %s is not rejected', async (accepted) => {
    const { kubectl, commands } = fakeKubectl((kind) => (kind === accepted ? undefined : denied(policyOf(kind))));
    await expect(waitForPolicies(kubectl, { timeoutMs: 0 })).rejects.toThrow(
      `waiting for the admission policy ${policyOf(accepted)}`,
    );
    expect(commands.at(-1)).toBe(removal);
  });

  it('does not mistake a denial by RBAC for one by the policy', async () => {
    const { kubectl, commands } = fakeKubectl(() => 'User "policy-probe" cannot create resource');
    await expect(waitForPolicies(kubectl, { timeoutMs: 0 })).rejects.toThrow('timed out after 0 s');
    expect(commands.at(-1)).toBe(removal);
  });

  it('removes the permissions if creating them fails', async () => {
    const { kubectl, commands } = fakeKubectl(() => undefined);
    const failing = { ...kubectl, apply: () => Promise.reject(new Error('connection lost')) };
    await expect(waitForPolicies(failing, { timeoutMs: 0 })).rejects.toThrow('connection lost');
    expect(commands).toEqual([removal]);
  });
});
