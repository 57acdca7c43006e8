import { describe, expect, it } from 'vitest';
import { checkStore, execEntry, storeWarning } from '../../../../src/cli/credential/exec-entry.ts';
import { keyPair } from '../../../support/builders.ts';

const pair = keyPair();
const { ak, sk } = pair;
const options = { server: 'https://keys.example.org', command: 'kubectl-accesskey' };

describe('execEntry', () => {
  it('has the settings of the token, and never waits for input', () => {
    const more = { audience: 'kubernetes', days: 1, caFile: '/etc/ca.pem', allowPlainHTTP: true };
    const entry = execEntry({ ...options, ...more }, { kind: 'environment' });
    expect(entry).toMatchObject({
      apiVersion: 'client.authentication.k8s.io/v1',
      command: 'kubectl-accesskey',
      interactiveMode: 'Never',
    });
    expect(entry.args).toEqual([
      'credential',
      '--server=https://keys.example.org',
      '--audience=kubernetes',
      '--lifetime=1d',
      '--ca-file=/etc/ca.pem',
      '--allow-plain-http',
    ]);
    expect(entry.env).toBeUndefined();
  });

  it.each([
    [{ kind: 'directory', directory: 'pair' } as const, [`--pair-directory=${process.cwd()}/pair`]],
    [{ kind: 'file', accessKey: ak, file: '/run/sk' } as const, [`--access-key=${ak}`, '--secret-key-file=/run/sk']],
    [{ kind: 'keyring', accessKey: ak } as const, [`--access-key=${ak}`, '--keyring']],
    [{ kind: 'subject-token', file: '/run/token' } as const, ['--subject-token-file=/run/token']],
    [{ kind: 'subject-token-environment' } as const, []],
  ])('names the source %o', (source, expected) => {
    expect(execEntry(options, source).args.slice(2)).toEqual(expected);
  });

  it.each([
    ['kubectl-accesskey', 'kubectl-accesskey'],
    ['/opt/bin/kubectl-accesskey', '/opt/bin/kubectl-accesskey'],
    ['./bin/../keys', `${process.cwd()}/keys`],
  ])('has an absolute path of the program, or its name: %s', (command, expected) => {
    expect(execEntry({ ...options, command }, { kind: 'environment' }).command).toBe(expected);
  });

  it('names the keyring in which a pair was stored', () => {
    const { args, env } = execEntry(options, { kind: 'secret', pair: 'alice' }, { store: 'keyring', pair });
    expect(args.slice(2)).toEqual([`--access-key=${ak}`, '--keyring']);
    expect(env).toBeUndefined();
  });

  it('has the secret key only if it is to be stored in the kubeconfig, and not as an argument', () => {
    const { args, env } = execEntry(options, { kind: 'environment' }, { store: 'kubeconfig', pair });
    expect(env).toEqual([
      { name: 'ACCESS_KEY', value: ak },
      { name: 'SECRET_KEY', value: sk },
    ]);
    expect(args.join()).not.toContain(sk);
  });
});

describe('checkStore', () => {
  it.each([
    [{ kind: 'secret', pair: 'alice' } as const, undefined, 'a credential from a Secret must be stored'],
    [{ kind: 'file', accessKey: ak, file: '-' } as const, undefined, 'from standard input must be stored'],
    [{ kind: 'subject-token', file: '-' } as const, undefined, 'from standard input must be stored'],
    [{ kind: 'subject-token', file: '/a' } as const, 'keyring' as const, '--store requires a key pair'],
    [{ kind: 'subject-token-environment' } as const, 'kubeconfig' as const, '--store requires a key pair'],
  ])('rejects %o with the store %s', (source, store, message) => {
    expect(() => checkStore(source, store)).toThrow(message);
  });

  it.each([
    [{ kind: 'environment' } as const, undefined],
    [{ kind: 'secret', pair: 'alice' } as const, 'keyring' as const],
    [{ kind: 'file', accessKey: ak, file: '-' } as const, 'kubeconfig' as const],
  ])('accepts %o with the store %s', (source, store) => {
    expect(() => checkStore(source, store)).not.toThrow();
  });
});

describe('storeWarning', () => {
  it.each([
    [{ kind: 'environment' } as const, undefined, /ACCESS_KEY and SECRET_KEY in their environment; --store/],
    [{ kind: 'subject-token-environment' } as const, undefined, /ACCESSKEY_SUBJECT_TOKEN in their environment/],
  ])('names the variables that clients need for %o', (source, store, message) => {
    expect(storeWarning(source, store)).toMatch(message);
  });

  it.each([
    [{ kind: 'environment' } as const, 'kubeconfig' as const],
    [{ kind: 'directory', directory: '/run/pair' } as const, undefined],
  ])('has none for %o with the store %s', (source, store) => {
    expect(storeWarning(source, store)).toBeUndefined();
  });
});
