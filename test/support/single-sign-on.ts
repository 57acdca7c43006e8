/** What tests of single sign-on with Dex share. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { stringify } from 'yaml';
import { type Dex, type DexClient, type DexUser, dexPassword } from './dex.ts';

/**
 * Writes an AuthenticationConfiguration that accepts the ID tokens of Dex for these clients. The user is
 * `preferred_username`, without a prefix, and users and groups that start with system: are rejected.
 *
 * @returns arguments of kube-apiserver
 */
export async function trustDex({ issuer, certificate }: Dex, directory: string, clients: readonly DexClient[]) {
  const file = join(directory, 'authentication.yaml');
  const configuration = {
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AuthenticationConfiguration',
    jwt: [
      {
        issuer: {
          url: issuer,
          audiences: clients.map(({ id }) => id),
          audienceMatchPolicy: 'MatchAny',
          certificateAuthority: certificate,
        },
        claimMappings: {
          username: { claim: 'preferred_username', prefix: '' },
          groups: { claim: 'groups', prefix: '' },
        },
        userValidationRules: [
          { expression: "!user.username.startsWith('system:')", message: 'system: users are reserved' },
          { expression: "user.groups.all(g, !g.startsWith('system:'))", message: 'system: groups are reserved' },
        ],
      },
    ],
  };
  await writeFile(file, stringify(configuration));
  return [`--authentication-config=${file}`];
}

/** Fills in Dex's password form on the page that the browser shows. */
export async function signInAtDex(page: Page, { email }: DexUser, password = dexPassword): Promise<void> {
  await page.fill('#login', email);
  await page.fill('#password', password);
  await page.click('#submit-login');
}
