import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  choose,
  createKey,
  people,
  shownPair,
  signInWithToken,
  startTestConsole,
  type TestConsole,
} from '../support/console.ts';
import { readPair } from '../support/platform.ts';

let setup: TestConsole;
let url: string;
const keysPath = '/personal-center/access-keys';

beforeAll(async () => {
  setup = await startTestConsole();
  url = setup.operator.url;
});
afterAll(() => setup?.stop());

const kubectl = (...args: string[]) => setup.cluster.kubectl.run(args);

/** Runs the commands that a page shows, as an administrator. */
async function runCommandsOf(page: Page, placeholders: Record<string, string> = {}): Promise<void> {
  let text = (await page.locator('.code pre').first().textContent()) ?? '';
  for (const [name, value] of Object.entries(placeholders)) text = text.replaceAll(name, value);
  for (const line of text.trim().split('\n')) {
    const [program, ...args] = line.split(' ');
    expect(program).toBe('kubectl');
    await kubectl(...args);
  }
}

/** Raw methods and paths of the Kubernetes API. */
const rawRequest = /\b(?:GET|POST|PATCH|PUT) \/|\/apis\/|\/api\/v1/;

describe('a missing permission', () => {
  test('to read the new key pair is named after the success, with everything that the user needs', async () => {
    await kubectl('create', 'role', 'creator', '-n', 'shop', '--verb=create', '--resource=accesskeys.ghippo.io');
    await kubectl('create', 'rolebinding', 'creator', '-n', 'shop', '--role=creator', '--user=carol');
    const { page, problems, close } = await setup.open();
    await signInWithToken(page, url, people.carol.token);
    await page.click('a:has-text("Create key")');
    await page.fill('#name', 'ci');
    await page.click('button:has-text("Create key")');
    expect(await page.textContent('.notice.success')).toContain('The key ci has a new key pair');
    const text = await page.textContent('main');
    expect(text).toContain('get secrets carol-ci -n shop');
    expect(text).not.toMatch(rawRequest);

    await runCommandsOf(page);
    await page.click('text="Back to access keys"');
    await choose(page, 'ci', 'Rotate now');
    await page.click('button:has-text("Rotate now")');
    expect(await shownPair(page)).toEqual(await readPair(setup.cluster.kubectl, 'shop', 'carol-ci'));
    expect(problems()).toEqual([]);
    await close();
  });

  test('of a ServiceAccount to name itself is granted by the commands of the page, and the form keeps its input', async () => {
    await kubectl('create', 'serviceaccount', 'robot', '-n', 'people');
    const verbs = '--verb=create,get,list,patch';
    await kubectl('create', 'role', 'robot', '-n', 'people', verbs, '--resource=accesskeys.ghippo.io');
    await kubectl('create', 'rolebinding', 'robot', '-n', 'people', '--role=robot', '--serviceaccount=people:robot');
    const token = await kubectl('create', 'token', 'robot', '-n', 'people');
    const { page, close } = await setup.open();
    await signInWithToken(page, url, token.trim());
    await page.click('a:has-text("Create key")');
    await page.fill('#name', 'ci');
    await page.fill('#description', 'kept');
    await page.click('button:has-text("Create key")');
    const text = await page.textContent('.notice.error');
    expect(text).toContain('impersonate serviceaccounts robot -n people');
    expect(text).not.toMatch(rawRequest);
    expect(await page.inputValue('#description')).toBe('kept');

    await runCommandsOf(page, { KEY: 'ci' });
    await page.click('button:has-text("Create key")');
    expect((await shownPair(page)).ak).not.toBe('');
    await close();
  });

  test('to change a key is named without the request to the API server', async () => {
    const { page, close } = await setup.open({ locale: 'zh-CN' });
    await kubectl('delete', 'rolebinding', 'access-keys-carol', '-n', 'shop');
    await kubectl('create', 'rolebinding', 'reader', '-n', 'shop', '--clusterrole=view', '--user=carol');
    await signInWithToken(page, url, people.carol.token);
    await choose(page, 'ci', '禁用');
    const text = await page.textContent('[role="alert"]');
    expect(text).toContain('patch accesskeys.ghippo.io -n shop');
    expect(text).not.toMatch(rawRequest);
    await page.click('text="返回访问密钥列表"');
    await page.waitForURL(`**${keysPath}`);
    await close();
  });

  test('a policy of the cluster is quoted as its own words', async () => {
    const policy = (name: string, spec: object) => ({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: name,
      metadata: { name: 'no-robots.example.org' },
      spec,
    });
    const rules = [{ apiGroups: ['ghippo.io'], apiVersions: ['*'], operations: ['UPDATE'], resources: ['accesskeys'] }];
    await setup.cluster.kubectl.apply(
      policy('ValidatingAdmissionPolicy', {
        failurePolicy: 'Fail',
        matchConstraints: { resourceRules: rules },
        validations: [
          { expression: "!object.spec.keyPairs.exists(p, p.name == 'robot')", message: 'robots are not welcome' },
        ],
      }),
    );
    await setup.cluster.kubectl.apply(
      policy('ValidatingAdmissionPolicyBinding', { policyName: 'no-robots.example.org', validationActions: ['Deny'] }),
    );
    const { page, close } = await setup.open();
    await signInWithToken(page, url, people.alice.token);
    await createKey(page, 'ci');
    await page.goto(`${url}${keysPath}/new`);
    await page.fill('#name', 'robot');
    await page.click('button:has-text("Create key")');
    expect(await page.textContent('.notice.error blockquote')).toBe('robots are not welcome');
    expect(await page.textContent('.notice.error')).not.toMatch(rawRequest);
    expect(await page.inputValue('#name')).toBe('robot');
    await close();
  });
});
