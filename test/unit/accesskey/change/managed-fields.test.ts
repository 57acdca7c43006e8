import { describe, expect, test } from 'vitest';
import { managerOfAction } from '../../../../src/accesskey/change/edit-pairs.ts';
import { managementOf, managerTitle } from '../../../../src/accesskey/change/managed-fields.ts';
import type { ManagedFieldsEntry } from '../../../../src/kube/raw-object.ts';

describe('the manager of key pairs', () => {
  const fields = (...names: string[]) => ({
    'f:spec': {
      'f:keyPairs': {
        'k:{"name":"ci"}': { '.': {}, 'f:name': {}, ...Object.fromEntries(names.map((name) => [`f:${name}`, {}])) },
      },
    },
  });
  const applied = (manager: string, ...names: string[]): ManagedFieldsEntry => ({
    manager,
    operation: 'Apply',
    fieldsV1: fields(...names),
  });
  const managedActions = (...entries: ManagedFieldsEntry[]) =>
    (['rotate', 'disable', 'enable', 'edit', 'delete'] as const).filter((one) =>
      managerOfAction(managementOf(entries), 'ci', one),
    );

  test('does not exist without applied fields', () => {
    expect(managedActions()).toEqual([]);
    expect(
      managedActions({ manager: 'kubectl-edit', operation: 'Update', fieldsV1: fields('enabled', 'revision') }),
    ).toEqual([]);
    expect(managedActions(applied('accesskey-operator-console', 'enabled'))).toEqual([]);
    expect(managedActions({ ...applied('operator', 'enabled'), subresource: 'status' })).toEqual([]);
  });

  test('is the tool that applied a field: it manages that field and the deletion of the pair', () => {
    expect(managedActions(applied('argocd'))).toEqual(['delete']);
    expect(managedActions(applied('argocd', 'revision'))).toEqual(['rotate', 'delete']);
    expect(managedActions(applied('argocd', 'enabled'))).toEqual(['disable', 'enable', 'delete']);
    expect(managedActions(applied('argocd', 'expiresAt'))).toEqual(['edit', 'delete']);
    expect(managerOfAction(managementOf([applied('argocd')]), 'other', 'delete')).toBeUndefined();
  });

  test.each(['kubectl-client-side-apply', 'argocd-controller', 'helm', 'HashiCorp', 'Terraform', 'pulumi-kubernetes'])(
    'for a client-side update by %s manages the whole list only if the tool is known to restore it',
    (manager) => {
      const entry = { manager, operation: 'Update', fieldsV1: fields('name') };
      const isWhole = manager !== 'HashiCorp';
      expect(managementOf([entry]).list).toBe(isWhole ? manager : undefined);
      expect(managedActions(entry)).toHaveLength(isWhole ? 5 : 0);
    },
  );

  test('does not exist if an entry has no key pairs', () => {
    expect(
      managementOf([{ manager: 'helm', operation: 'Update', fieldsV1: { 'f:metadata': {} } }]).list,
    ).toBeUndefined();
    expect(managementOf([{}]).list).toBeUndefined();
  });
});

test.each([
  ['argocd-controller', 'Argo CD (argocd-controller)'],
  ['kustomize-controller', 'Flux (kustomize-controller)'],
  ['kubectl-client-side-apply', 'kubectl apply (kubectl-client-side-apply)'],
  ['Helm', 'Helm (Helm)'],
  ['our-pipeline', 'our-pipeline'],
])('the manager %s is shown as %s', (manager, title) => expect(managerTitle(manager)).toBe(title));
