import { describe, expect, test } from 'vitest';
import { permissionToCreate } from '../../../../src/web/visitor/key-api.ts';
import {
  describeMissingKeyPermission,
  describeMissingPermission,
  impersonationOf,
} from '../../../../src/web/visitor/missing-permission.ts';

const user = (name: string) => ({ name, groups: [] });
const ofKeys = (name: string, location = {}) => describeMissingKeyPermission(permissionToCreate, user(name), location);

describe('a missing permission', () => {
  test('is described with the commands that grant it', () => {
    const permission = { verb: 'list', group: 'apps', resource: 'deployments' };
    expect(describeMissingPermission(permission, user('ann'))).toEqual({
      permission: 'list deployments.apps',
      command: [
        'kubectl create role list-deployments -n NAMESPACE --verb=list --resource=deployments.apps',
        'kubectl create rolebinding list-deployments -n NAMESPACE --role=list-deployments --user=ann',
      ].join('\n'),
      hasPlaceholder: true,
    });
  });

  test('of keys is described with the commands for everything that the user needs', () => {
    const { permission, command, hasPlaceholder } = ofKeys('ann', { namespace: 'shop', accessKey: 'ann-2' });
    expect(permission).toBe('create accesskeys.ghippo.io');
    expect(command.split('\n')).toEqual([
      'kubectl create role access-keys-ann -n shop --verb=create,get,list,patch --resource=accesskeys.ghippo.io',
      'kubectl create rolebinding access-keys-ann -n shop --role=access-keys-ann --user=ann',
      'kubectl create role access-key-secrets-ann -n shop --verb=get --resource=secrets --resource-name=ann-2-KEY',
      'kubectl create rolebinding access-key-secrets-ann -n shop --role=access-key-secrets-ann --user=ann',
    ]);
    expect(hasPlaceholder).toBe(true);
  });

  test('has no placeholder if the namespace and the Secret are known', () => {
    const { command, hasPlaceholder } = ofKeys('ann', { namespace: 'shop', secret: 'ann-ci' });
    expect(command).toContain('--resource-name=ann-ci\n');
    expect([hasPlaceholder, /[A-Z]{3}/.test(command)]).toEqual([false, false]);
  });

  test('of a ServiceAccount includes the permission to name it in an AccessKey', () => {
    const { command } = ofKeys('system:serviceaccount:build:ci', { namespace: 'shop', secret: 'x' });
    expect(command.split('\n').slice(-2)).toEqual([
      'kubectl create role impersonate-ci -n build --verb=impersonate --resource=serviceaccounts --resource-name=ci',
      'kubectl create rolebinding impersonate-ci -n build --role=impersonate-ci --serviceaccount=build:ci',
    ]);
    expect(command).toContain('--role=access-keys-ci --serviceaccount=build:ci\n');
  });

  test('of another user of Kubernetes itself includes the permission in the whole cluster', () => {
    const { command } = ofKeys('system:admin', { namespace: 'shop', secret: 'x' });
    expect(command).toContain(
      'kubectl create clusterrole impersonate-admin --verb=impersonate --resource=users --resource-name=system:admin\n',
    );
    expect(impersonationOf(user('ann'))).toBeUndefined();
  });

  test.each(["o'neill", 'a; rm -rf /', '$(id)', 'a\nb', 'system:serviceaccount:n;id:$(id)'])(
    'quotes the user name %o for the shell',
    (name) => {
      const words = ofKeys(name, { namespace: 'shop', secret: 'x' }).command.replaceAll(/'(?:[^']|'\\'')*'/g, 'QUOTED');
      expect(words).toMatch(/^[\w\s.,=:/-]+$/);
      expect(words).toContain('QUOTED');
    },
  );
});
