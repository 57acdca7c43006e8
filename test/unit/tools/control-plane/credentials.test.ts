import { createPublicKey, sign, verify } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { assertReplaceable, createCredentials, writeKubeconfig } from '../../../../tools/control-plane/credentials.ts';
import { temporaryFolder } from '../go-programs/support/sandbox.ts';

const access = { server: 'https://127.0.0.1:6443', certificateAuthority: 'certificate', token: 'secret' };
const mode = (path: string) => statSync(path).mode & 0o777;

describe('kubeconfig', () => {
  test('contains the server, its CA and the token, and is readable only by its owner', async () => {
    const path = join(await temporaryFolder(), 'kubeconfig');
    await writeKubeconfig(path, access);
    const { clusters, users } = parse(readFileSync(path, 'utf8'));
    expect(clusters[0].cluster.server).toBe(access.server);
    expect(Buffer.from(clusters[0].cluster['certificate-authority-data'], 'base64').toString()).toBe('certificate');
    expect(users[0].user).toEqual({ token: 'secret' });
    expect(mode(path)).toBe(0o600);
  });

  test('does not replace a file that was not written by a control plane', async () => {
    const path = join(await temporaryFolder(), 'kubeconfig');
    writeFileSync(path, 'apiVersion: v1\n');
    await expect(assertReplaceable(path)).rejects.toThrow('was not written by a control plane');
    await expect(writeKubeconfig(path, access)).rejects.toThrow('was not written by a control plane');
    expect(readFileSync(path, 'utf8')).toBe('apiVersion: v1\n');
  });

  test('replaces the file of an earlier control plane, which then does not remove it', async () => {
    const path = join(await temporaryFolder(), 'kubeconfig');
    const removeFirst = await writeKubeconfig(path, access);
    const removeSecond = await writeKubeconfig(path, { ...access, token: 'other' });
    removeFirst();
    expect(readFileSync(path, 'utf8')).toContain('token: other');
    removeSecond();
    expect(existsSync(path)).toBe(false);
    removeSecond();
  });
});

test('createCredentials writes private files with distinct tokens and a matching key pair', async () => {
  const credentials = await createCredentials(await temporaryFolder());
  const { tokens, tokenFile, serviceAccountPrivateKeyFile, serviceAccountPublicKeyFile } = credentials;
  for (const file of [tokenFile, serviceAccountPrivateKeyFile, serviceAccountPublicKeyFile])
    expect(mode(file)).toBe(0o600);
  expect(new Set(Object.values(tokens)).size).toBe(3);
  expect(readFileSync(tokenFile, 'utf8').split('\n')).toContain(`${tokens.admin},admin,admin,"system:masters"`);
  const signature = sign('sha256', Buffer.from('text'), readFileSync(serviceAccountPrivateKeyFile));
  const publicKey = createPublicKey(readFileSync(serviceAccountPublicKeyFile));
  expect(verify('sha256', Buffer.from('text'), publicKey, signature)).toBe(true);
});
