import { describe, expect, it } from 'vitest';
import { chooseSource } from '../../../../src/cli/token/source.ts';

const accessKey = crypto.randomUUID();
const environment = { ACCESS_KEY: accessKey, SECRET_KEY: crypto.randomUUID() };

describe('chooseSource', () => {
  it.each([
    [{ pair: 'alice/ci' }, { kind: 'secret', pair: 'alice/ci' }],
    [{ pairDirectory: '/etc/accesskey' }, { kind: 'directory', directory: '/etc/accesskey' }],
    [
      { accessKey, secretKeyFile: '/run/sk' },
      { kind: 'file', accessKey, file: '/run/sk' },
    ],
    [
      { accessKey, keyring: true },
      { kind: 'keyring', accessKey },
    ],
    [{ subjectTokenFile: '-' }, { kind: 'subject-token', file: '-' }],
  ])('uses the options %o before the environment', (options, expected) => {
    expect(chooseSource(options, environment)).toEqual(expected);
  });

  it.each([
    [environment, { kind: 'environment' }],
    [
      { PAIR_DIRECTORY: '/etc/accesskey', ACCESS_KEY: '' },
      { kind: 'directory', directory: '/etc/accesskey' },
    ],
    [{ ACCESSKEY_SUBJECT_TOKEN: 'e30.e30.e30' }, { kind: 'subject-token-environment' }],
    [{ ACCESSKEY_SUBJECT_TOKEN_FILE: '/run/token' }, { kind: 'subject-token', file: '/run/token' }],
  ])('uses the environment if the options name no source', (env, expected) => {
    expect(chooseSource({}, env)).toEqual(expected);
  });

  it.each([
    [{ pair: 'alice', pairDirectory: '/a' }, {}, 'PAIR and --pair-directory cannot be combined'],
    [{ accessKey, secretKeyFile: '/a', keyring: true }, {}, '--secret-key-file and --keyring cannot be combined'],
    [{ secretKeyFile: '/a' }, {}, '--secret-key-file requires --access-key'],
    [{ keyring: true }, {}, '--keyring requires --access-key'],
    [{ accessKey }, environment, '--access-key requires --secret-key-file or --keyring'],
    [{ accessKey, pair: 'alice' }, {}, '--access-key requires --secret-key-file or --keyring'],
    [{}, { ACCESS_KEY: accessKey }, 'SECRET_KEY is not set'],
    [{}, { SECRET_KEY: environment.SECRET_KEY }, 'ACCESS_KEY is not set'],
    [{}, {}, 'no credential'],
  ])('rejects the options %o', (options, env, message) => {
    expect(() => chooseSource(options, env)).toThrow(message);
  });
});
