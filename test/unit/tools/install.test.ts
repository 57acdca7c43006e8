import { describe, expect, it } from 'vitest';
import { waitForPolicies } from '../../../tools/install.ts';
import type { Kubectl } from '../../../tools/kubectl.ts';

interface Manifest {
  kind: string;
  items?: { kind: string }[];
}

/** A kubectl that notes its commands; `answer` gives the message with which a dry run fails, if it does. */
function fakeKubectl(answer: (kind: string) => string | undefined) {
  const commands: string[] = [];
  async function run(args: readonly string[], input = '{}'): Promise<string> {
    const { kind, items = [] }: Manifest = JSON.parse(input);
    commands.push([args[0], ...(items.length > 0 ? items.map((item) => item.kind) : [kind])].join(' '));
    const refusal = args.includes('--dry-run=server') ? answer(kind) : undefined;
    if (refusal !== undefined) throw new Error(refusal);
    return '';
  }
  const kubectl: Kubectl = {
    path: 'kubectl',
    kubeconfig: '',
    run,
    get: () => Promise.reject(new Error('not used')),
    apply: (manifest) => run(['apply'], JSON.stringify(manifest)),
  };
  return { kubectl, commands };
}

const refusalOf = (policy: string) => `ValidatingAdmissionPolicy '${policy}' with binding '${policy}' denied request`;
const policyOf = (kind: string) => (kind === 'Secret' ? 'secrets.accesskeys.ghippo.io' : 'accesskeys.ghippo.io');
const last = 'delete Role RoleBinding';

describe('waiting for the admission policies', () => {
  it('asks both and takes the rights of the probe back', async () => {
    const { kubectl, commands } = fakeKubectl((kind) => refusalOf(policyOf(kind)));
    await waitForPolicies(kubectl, 0);
    expect(commands).toEqual(['apply Role RoleBinding', 'create AccessKey', 'create Secret', last]);
  });

  it.each(['AccessKey', 'Secret'])('fails and takes them back when the write of a %s is let through', async (open) => {
    const { kubectl, commands } = fakeKubectl((kind) => (kind === open ? undefined : refusalOf(policyOf(kind))));
    await expect(waitForPolicies(kubectl, 0)).rejects.toThrow(`the admission policy ${policyOf(open)}: not within`);
    expect(commands.at(-1)).toBe(last);
  });

  it('does not take a refusal by RBAC for one by the policy', async () => {
    const { kubectl, commands } = fakeKubectl(() => 'User "policy-probe" cannot create resource');
    await expect(waitForPolicies(kubectl, 0)).rejects.toThrow('not within');
    expect(commands.at(-1)).toBe(last);
  });

  it('takes them back when giving them fails half-way', async () => {
    const { kubectl, commands } = fakeKubectl(() => undefined);
    const failing = { ...kubectl, apply: () => Promise.reject(new Error('connection lost')) };
    await expect(waitForPolicies(failing, 0)).rejects.toThrow('connection lost');
    expect(commands).toEqual([last]);
  });
});
