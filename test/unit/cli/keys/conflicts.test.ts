import { describe, expect, it } from 'vitest';
import { type Edit, requireUnmanaged, requireUnmanagedObject } from '../../../../src/cli/keys/conflicts.ts';
import type { ManagedFieldsEntry } from '../../../../src/kube/raw-object.ts';

function entry(manager: string, operation: string, fields: ManagedFieldsEntry['fieldsV1']): ManagedFieldsEntry {
  return { manager, operation, fieldsV1: { 'f:spec': { 'f:keyPairs': fields } } };
}

const applied = entry('argocd-controller', 'Apply', { 'k:{"name":"ci"}': { 'f:revision': {}, 'f:rotation': {} } });
const edit = (action: Edit['action'], setsOverlap = false): Edit => ({
  title: 'key pair a/ci',
  pair: 'ci',
  action,
  setsOverlap,
});

describe('requireUnmanaged', () => {
  it('names the field manager that owns the field, and how to change it anyway', () => {
    const change = () => requireUnmanaged([applied], edit('rotate'));
    expect(change).toThrow(
      'cannot rotate key pair a/ci: conflict with field manager "argocd-controller" (Argo CD), which would revert the change',
    );
    expect(change).toThrow(expect.objectContaining({ hint: expect.stringContaining('--force-conflicts') }));
  });

  it.each(['enable', 'disable', 'revoke', 'add'] as const)('accepts %s if other fields are managed', (action) => {
    expect(() => requireUnmanaged([applied], edit(action))).not.toThrow();
  });

  it('rejects an overlap if the rotation is managed', () => {
    const rotation = entry('flux', 'Apply', { 'k:{"name":"ci"}': { 'f:rotation': {} } });
    expect(() => requireUnmanaged([rotation], edit('rotate'))).not.toThrow();
    expect(() => requireUnmanaged([rotation], edit('rotate', true))).toThrow('field manager "flux", which');
  });

  it('rejects every change of a list that kubectl apply manages', () => {
    const list = entry('kubectl-client-side-apply', 'Update', {});
    for (const action of ['rotate', 'add', 'delete'] as const) {
      expect(() => requireUnmanaged([list], edit(action))).toThrow('(kubectl apply)');
    }
  });

  it('accepts changes after writes of this program and of kubectl edit', () => {
    const entries = ['kubectl-accesskey', 'kubectl-edit'].map((one) => entry(one, 'Update', { 'k:{"name":"ci"}': {} }));
    expect(() => requireUnmanaged(entries, edit('delete'))).not.toThrow();
  });
});

describe('requireUnmanagedObject', () => {
  const ofSpec = (
    manager: string,
    operation: string,
    spec: NonNullable<ManagedFieldsEntry['fieldsV1']>,
  ): ManagedFieldsEntry => ({
    ...{ manager, operation, fieldsV1: { 'f:spec': spec } },
  });

  it.each([
    ofSpec('argocd-controller', 'Apply', { 'f:user': { 'f:name': {} } }),
    ofSpec('helm', 'Update', { 'f:serviceAccounts': {} }),
    ofSpec('kubectl', 'Apply', { 'f:keyPairs': { 'k:{"name":"ci"}': {} } }),
  ])('rejects the deletion of an AccessKey of which another tool manages any part: %j', (managed) => {
    const own = entry('kubectl-accesskey', 'Update', { 'k:{"name":"ci"}': {} });
    const change = () => requireUnmanagedObject([own, managed], 'a');
    expect(change).toThrow(`cannot delete AccessKey a: conflict with field manager "${managed.manager}"`);
  });

  it('accepts it after writes of this program, of kubectl create and of controllers to the metadata and the status', () => {
    const entries: ManagedFieldsEntry[] = [
      entry('kubectl-accesskey', 'Update', { 'k:{"name":"ci"}': {} }),
      ofSpec('kubectl-create', 'Update', { 'f:user': {} }),
      { manager: 'labeler', operation: 'Apply', fieldsV1: { 'f:metadata': { 'f:labels': {} } } },
      { ...ofSpec('accesskey-operator', 'Apply', {}), subresource: 'status' },
    ];
    expect(() => requireUnmanagedObject(entries, 'a')).not.toThrow();
  });
});
