import { describe, expect, it } from 'vitest';
import { checkExecInfo, formatExecCredential } from '../../../../src/cli/credential/exec-credential.ts';

const info = (apiVersion: string) =>
  JSON.stringify({ kind: 'ExecCredential', apiVersion, spec: { interactive: false } });

describe('checkExecInfo', () => {
  it.each([undefined, '', info('client.authentication.k8s.io/v1')])('accepts %s', (text) => {
    expect(() => checkExecInfo(text)).not.toThrow();
  });

  it.each(['{', 'null', '[]', '{"kind":"Pod"}'])('rejects %s', (text) => {
    expect(() => checkExecInfo(text)).toThrow('KUBERNETES_EXEC_INFO: not an ExecCredential');
  });

  it('says how to change the version', () => {
    expect(() => checkExecInfo(info('client.authentication.k8s.io/v1beta1'))).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('client.authentication.k8s.io/v1') }),
    );
  });
});

describe('formatExecCredential', () => {
  it('has the token and its expiry in whole seconds', () => {
    const issued = { token: 'e30.e30.c2ln', issuedAt: 0, expiresAt: Date.UTC(2026, 0, 1, 0, 0, 0, 999) };
    expect(JSON.parse(formatExecCredential(issued))).toEqual({
      apiVersion: 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      status: { token: 'e30.e30.c2ln', expirationTimestamp: '2026-01-01T00:00:00Z' },
    });
  });
});
