import { describe, expect, it } from 'vitest';
import type { FieldsEntry } from '../../../../src/accesskey/change/managed-fields.ts';
import { type Edit, requireUnmanaged } from '../../../../src/cli/keys/conflicts.ts';

function entry(manager: string, operation: string, fields: FieldsEntry['fieldsV1']): FieldsEntry {
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
