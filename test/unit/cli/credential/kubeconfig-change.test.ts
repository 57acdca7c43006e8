import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { execEntry } from '../../../../src/cli/credential/exec-entry.ts';
import {
  applyChange,
  argumentsOfLogin,
  clusterOfContext,
  currentContextOf,
} from '../../../../src/cli/credential/kubeconfig-change.ts';
import { formatKubeconfig, parseKubeconfig } from '../../../../src/cli/credential/kubeconfig-edit.ts';

const exec = execEntry({ server: 'https://keys.example.org', command: 'kubectl-accesskey' }, { kind: 'environment' });
const fields = { cluster: 'prod', user: 'accesskey' };
const change = { user: 'accesskey', exec, context: { name: 'accesskey@prod', fields }, use: false, force: false };

const existing = `# of the platform team
apiVersion: v1
kind: Config
preferences: {colors: true}
current-context: admin
clusters:
- name: prod # production
  cluster: {server: https://10.0.0.1, certificate-authority-data: ${'QUJD'.repeat(60)}}
contexts:
- name: admin
  context: {cluster: prod, user: admin}
users:
- name: admin
  user: {token: secret}
`;

function apply(texts: string[], more: object = {}): { files: string[]; texts: string[] } {
  const files = texts.map((text, index) => parseKubeconfig(`${index}`, text));
  const [target = parseKubeconfig('0', '')] = files;
  const changed = applyChange(files, target, { ...change, ...more });
  return { files: changed.map(({ file }) => file), texts: files.map(formatKubeconfig) };
}

describe('applyChange', () => {
  it('adds a user and a context, and keeps everything else', () => {
    const { texts } = apply([existing]);
    const [text = ''] = texts;
    expect(text).toContain('# of the platform team');
    expect(text).toContain('name: prod # production');
    const before = parse(existing);
    const after = parse(text);
    expect(after).toEqual({
      ...before,
      users: [...before.users, { name: 'accesskey', user: { exec } }],
      contexts: [...before.contexts, { name: 'accesskey@prod', context: fields }],
    });
  });

  it('creates a kubeconfig', () => {
    const created = parseKubeconfig('new', '');
    expect(applyChange([], created, { ...change, use: true })).toEqual([created]);
    expect(parse(formatKubeconfig(created))).toEqual({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [],
      contexts: [{ name: 'accesskey@prod', context: fields }],
      users: [{ name: 'accesskey', user: { exec } }],
      'current-context': 'accesskey@prod',
    });
  });

  it('keeps JSON as JSON', () => {
    const [text = ''] = apply([JSON.stringify({ apiVersion: 'v1', kind: 'Config', users: [], contexts: null })]).texts;
    expect(parse(text).users).toHaveLength(1);
  });

  it('is idempotent', () => {
    const [once = ''] = apply([existing]).texts;
    expect(apply([once]).texts).toEqual([once]);
  });

  it('keeps other fields of an own user and its context', () => {
    const own = `users: [{name: accesskey, user: {exec: {command: old, args: [credential]}, extensions: [1]}}]
contexts: [{name: accesskey@prod, context: {cluster: old, user: accesskey, namespace: shop}}]`;
    const after = parse(apply([own]).texts[0] ?? '');
    expect(after.users).toEqual([{ name: 'accesskey', user: { exec, extensions: [1] } }]);
    expect(after.contexts[0].context).toEqual({ ...fields, namespace: 'shop' });
  });

  it.each([
    ['users: [{name: accesskey, user: {token: secret}}]', 'the user accesskey has other credentials'],
    [
      'users: [{name: accesskey, user: {exec: {command: aws, args: [eks]}}}]',
      'the user accesskey has other credentials',
    ],
    ['contexts: [{name: accesskey@prod, context: {cluster: prod, user: admin}}]', 'belongs to another user'],
  ])('changes %s only with force', (text, message) => {
    expect(() => apply([text])).toThrow(message);
    const after = parse(apply([text], { force: true }).texts[0] ?? '');
    expect(after.users).toEqual([{ name: 'accesskey', user: { exec } }]);
    expect(after.contexts).toEqual([{ name: 'accesskey@prod', context: fields }]);
  });

  it('changes an entry in the file that has it, and adds others to the default file', () => {
    const own =
      'users: [{name: accesskey, user: {exec: {command: old, args: [credential]}}}]\ncurrent-context: admin\n';
    const { files, texts } = apply(['users: []\n', own], { use: true });
    expect(files.toSorted()).toEqual(['0', '1']);
    expect(texts.map((text) => parse(text)['current-context'])).toEqual(['accesskey@prod', 'admin']);
    expect(parse(texts[0] ?? '').users).toEqual([]);
  });
});

describe('parseKubeconfig', () => {
  it.each([
    ['a: [', 'is not YAML, see line'],
    ['- a', 'is not an object'],
    ['text', 'is not an object'],
    ['users: {}', 'users is not a list of objects'],
    ['contexts: [a]', 'contexts is not a list of objects'],
  ])('rejects %s', (text, message) => {
    expect(() => parseKubeconfig('/home/alice/.kube/config', text)).toThrow(
      `kubeconfig /home/alice/.kube/config: ${message}`,
    );
  });

  it('never repeats the text, which has credentials', () => {
    expect(() => parseKubeconfig('f', 'users:\n- token: "hunter2\n')).toThrow(/^(?!.*hunter2)/);
  });
});

describe('the merged kubeconfig', () => {
  const [own = ''] = apply([existing]).texts;
  const files = ['kind: Config\n', own, 'current-context: other\n'].map((text, index) =>
    parseKubeconfig(`${index}`, text),
  );

  it('uses the first file that has an entry', () => {
    expect(currentContextOf(files)).toBe('admin');
    expect(clusterOfContext(files, 'admin')).toBe('prod');
    expect(clusterOfContext(files, 'missing')).toBeUndefined();
  });

  it('finds the token server of an earlier login', () => {
    expect(argumentsOfLogin(files, 'accesskey@prod')).toContain('--server=https://keys.example.org');
    expect(argumentsOfLogin(files, 'admin')).toBeUndefined();
  });
});
