import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import {
  checkOperatorPermissions,
  checkUserPermissions,
  operatorPermissions,
  type Permission,
  userPermissions,
} from '../../../../src/cli/doctor/check-permissions.ts';

interface Rules {
  kind: string;
  metadata: { name: string };
  rules?: { apiGroups: string[]; resources: string[]; verbs: string[]; resourceNames?: string[] }[];
}

const settings = { namespace: 'accesskey-system', signingKeys: 'accesskey-operator-signing-keys' };
const textOf = ({ group, resource, verb, name = '' }: Permission) => `${verb} ${resource} ${group} ${name}`;

/** The permissions of the manifests without the names of the signed-in console and the registered clusters. */
async function manifestPermissions(): Promise<string[]> {
  const text = await readFile(new URL('../../../../manifests/base/rbac.yaml', import.meta.url), 'utf8');
  const objects = parseAllDocuments(text).map((document) => document.toJS() as Rules);
  const optional = 'accesskey-operator-console';
  const rules = objects.flatMap(({ rules = [], metadata }) => (metadata.name === optional ? [] : rules));
  return rules.flatMap(({ apiGroups, resources, verbs, resourceNames = [undefined] }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.flatMap((verb) => resourceNames.map((name) => textOf({ group, resource, verb, name }))),
      ),
    ),
  );
}

describe('operatorPermissions', () => {
  it('are those of manifests/base/rbac.yaml', async () => {
    const listed = operatorPermissions({ ...settings, watchNamespace: undefined }).map(textOf);
    expect([...new Set(listed)].sort()).toEqual([...new Set(await manifestPermissions())].sort());
  });

  it('are limited to two namespaces for an operator of one namespace', () => {
    const namespaces = operatorPermissions({ ...settings, watchNamespace: 'team-a' }).map(({ namespace }) => namespace);
    expect(new Set(namespaces)).toEqual(new Set(['team-a', 'accesskey-system']));
  });
});

const reviewed = (permissions: readonly Permission[], isAllowed: (permission: Permission) => boolean) =>
  permissions.map((permission) => ({ permission, allowed: { value: isAllowed(permission) } }));
const unknown = { missing: 'forbidden', reason: 'alice cannot create subjectaccessreviews' } as const;

describe('checkOperatorPermissions', () => {
  const permissions = operatorPermissions({ ...settings, watchNamespace: undefined });

  it('is ok if all are allowed', () => {
    expect(checkOperatorPermissions(reviewed(permissions, () => true)).status).toBe('ok');
  });

  it('names what is missing', () => {
    const finding = checkOperatorPermissions(reviewed(permissions, ({ resource }) => resource !== 'tokenreviews'));
    expect(finding.message).toBe(
      'the ServiceAccount may not create tokenreviews.authentication.k8s.io in the whole cluster',
    );
    expect(finding.status).toBe('failed');
  });

  it('is skipped without permission to ask', () => {
    expect(checkOperatorPermissions([{ permission: permissions[0] as Permission, allowed: unknown }])).toMatchObject({
      status: 'skipped',
      message: unknown.reason,
    });
  });
});

it('checkUserPermissions warns about what the user may not do', () => {
  const permissions = userPermissions('people');
  expect(
    checkUserPermissions(
      reviewed(permissions, () => true),
      'people',
    ).status,
  ).toBe('ok');
  const finding = checkUserPermissions(
    reviewed(permissions, ({ verb }) => verb === 'get'),
    'people',
  );
  expect(finding).toMatchObject({
    status: 'warning',
    message: 'you may not list, watch, create, patch, delete accesskeys.ghippo.io in people',
  });
});
