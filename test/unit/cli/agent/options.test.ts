import { describe, expect, it, test } from 'vitest';
import { type AgentFlags, parseAgentOptions } from '../../../../src/cli/agent/options.ts';
import { parseListenAddress } from '../../../../src/cli/agent/status-server.ts';

const parse = (flags: Partial<AgentFlags> = {}, env = {}) =>
  parseAgentOptions({ tokenFile: '/t', pairDirectory: '/p', mode: '0600', execTimeout: '30s', ...flags }, env);

describe('parseAgentOptions', () => {
  it('has defaults', () => {
    expect(parse()).toEqual({
      source: { kind: 'directory', directory: '/p' },
      tokenFile: '/t',
      attributes: { mode: 0o600, owner: undefined },
      readyFile: undefined,
      notifications: [],
      metricsAddress: undefined,
      once: false,
      timeoutMs: undefined,
    });
  });

  it('reads the credential from the environment', () => {
    const { source } = parseAgentOptions({ tokenFile: '/t', mode: '600', execTimeout: '1s' }, { PAIR_DIRECTORY: '/e' });
    expect(source).toEqual({ kind: 'directory', directory: '/e' });
  });

  it('names its own flags if there is no credential', () => {
    expect(() => parseAgentOptions({ tokenFile: '/t', mode: '600', execTimeout: '1s' }, {})).toThrow(
      expect.objectContaining({ hint: 'Set --pair-directory or --subject-token-file.' }),
    );
  });

  it('runs the command before it sends the signal', () => {
    const { notifications } = parse({ exec: 'true', execTimeout: '1m', signal: 'HUP', pidFile: '/pid' });
    expect(notifications).toEqual([
      { kind: 'command', command: 'true', timeoutMs: 60_000 },
      { kind: 'signal', signal: 'SIGHUP', target: { pidFile: '/pid' } },
    ]);
  });

  it('keeps the group if the owner has none', () => {
    expect(parse({ owner: '1000' }).attributes.owner).toEqual({ uid: 1000, gid: -1 });
    expect(parse({ owner: '0:1000' }).attributes.owner).toEqual({ uid: 0, gid: 1000 });
  });

  test.each<[Partial<AgentFlags>, RegExp]>([
    [{ mode: '8' }, /^--mode: must be three octal digits/],
    [{ mode: '4755' }, /^--mode: /],
    [{ owner: 'root' }, /^--owner: must be UID or UID:GID/],
    [{ exec: '' }, /^--exec: must not be empty/],
    [{ signal: 'HUP' }, /^--signal requires --pid-file or --process-name/],
    [{ signal: 'NONE', pidFile: '/pid' }, /^--signal: must be the name of a signal/],
    [{ pidFile: '/pid' }, /require --signal$/],
    [{ signal: 'HUP', pidFile: '/pid', processName: 'nginx' }, /cannot be combined$/],
    [{ subjectTokenFile: '/s' }, /cannot be combined$/],
    [{ once: true, readyFile: '/r' }, /cannot be combined with --once$/],
    [{ once: true, metricsAddress: ':1' }, /cannot be combined with --once$/],
    [{ timeout: '1m' }, /^--timeout requires --once$/],
    [{ readyFile: '/t' }, /^--ready-file must not be the token file$/],
  ])('rejects %j', (flags, message) => {
    expect(() => parse(flags)).toThrow(message);
  });

  it.each([
    { ACCESS_KEY: 'a', SECRET_KEY: 's' },
    { ACCESSKEY_SUBJECT_TOKEN: 't' },
    { ACCESSKEY_SUBJECT_TOKEN_FILE: '-' },
  ])('rejects a credential that it cannot read again: %j', (env) => {
    expect(() => parseAgentOptions({ tokenFile: '/t', mode: '600', execTimeout: '1s' }, env)).toThrow(/requires files/);
  });
});

describe('parseListenAddress', () => {
  it.each([
    ['127.0.0.1:9464', '127.0.0.1', 9464],
    [':0', undefined, 0],
    ['[::1]:80', '::1', 80],
  ])('reads %s', (text, host, port) => {
    expect(parseListenAddress(text)).toEqual({ host, port });
  });

  it.each(['9464', 'a:b', '::1:80', ':70000', 'http://localhost:80'])('rejects %s', (text) => {
    expect(() => parseListenAddress(text)).toThrow('--metrics-address: must be HOST:PORT');
  });
});
