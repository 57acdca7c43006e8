import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { poll } from '../../tools/poll.ts';
import {
  choose,
  createKey,
  disableKey,
  people,
  shownPair,
  signInWithToken,
  startTestConsole,
  type TestConsole,
} from '../support/browser-console.ts';
import { signIn } from '../support/console-client.ts';
import { deploymentsPath, getToken, pairStops, readPair, recordUse } from '../support/platform.ts';

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
    await page.click('a:has-text("Create Key")');
    await page.fill('#name', 'ci');
    await page.click('button:has-text("Create Key")');
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
    await page.click('a:has-text("Create Key")');
    await page.fill('#name', 'ci');
    await page.fill('#description', 'kept');
    await page.click('button:has-text("Create Key")');
    const text = await page.textContent('.notice.error');
    expect(text).toContain('impersonate serviceaccounts robot -n people');
    expect(text).not.toMatch(rawRequest);
    expect(await page.inputValue('#description')).toBe('kept');

    await runCommandsOf(page, { KEY: 'ci' });
    await page.click('button:has-text("Create Key")');
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
    const robot = JSON.stringify([{ op: 'add', path: '/spec/keyPairs/-', value: { name: 'robot' } }]);
    const dryRun = ['--dry-run=server', '--type=json', '-p', robot];
    const isDenied = (error: Error) => error.message.includes('robots are not welcome');
    await poll('the policy', () =>
      kubectl('patch', 'accesskey', 'alice', '-n', 'people', ...dryRun).then(() => false, isDenied),
    );
    await page.goto(`${url}${keysPath}/new`);
    await page.fill('#name', 'robot');
    await page.click('button:has-text("Create Key")');
    expect(await page.textContent('.notice.error blockquote')).toBe('robots are not welcome');
    expect(await page.textContent('.notice.error')).not.toMatch(rawRequest);
    expect(await page.inputValue('#name')).toBe('robot');
    await close();
  });
});

interface Live {
  metadata: { generation: number };
  spec: {
    audiences?: string[];
    keyPairs: { name: string; description?: string; expiresAt?: string; rotation?: object; revision?: number }[];
  };
}
const bobsKeys = () => setup.cluster.kubectl.get<Live>('accesskey', 'bob-example-org', '-n', 'people');
const pairOf = async (name: string) => (await bobsKeys()).spec.keyPairs.find((one) => one.name === name);

/** Opens the keys of bob. */
async function openKeys(locale = 'en') {
  const opened = await setup.open({ locale });
  await signInWithToken(opened.page, url, people.bob.token);
  return opened;
}

describe('a failed sign-in', () => {
  test('keeps the language and theme, which can still be changed', async () => {
    const { page, close } = await setup.open();
    await page.goto(`${url}/login?next=/deployments`);
    await page.click('text="简体中文"');
    await page.click('text="深色"');
    await page.fill('#token', 'wrong');
    await page.press('#token', 'Enter');
    expect(await page.textContent('.notice.error')).toContain('令牌');
    expect(await page.getAttribute('html', 'data-theme')).toBe('dark');
    await page.click('text="English"');
    expect(await page.textContent('h1')).toBe('Sign in');
    await page.fill('#token', people.bob.token);
    await page.press('#token', 'Enter');
    await page.waitForURL('**/deployments');
    await close();
  });

  test('names each empty field, in the language of the page', async () => {
    const { page, close } = await setup.open();
    await page.goto(`${url}/login?lang=zh-CN`);
    await page.click('button.primary');
    expect(await page.textContent('#token-problem')).toBe('请输入令牌。');
    await page.goto(`${url}/login?method=pair`);
    await page.fill('#ak', 'kept');
    await page.click('button.primary');
    expect(await page.textContent('#sk-problem')).toBe('请输入 Secret Access Key。');
    expect([await page.locator('#ak-problem').count(), await page.inputValue('#ak')]).toEqual([0, 'kept']);
    await signInWithToken(page, url, people.bob.token);
    await page.goto(`${url}/personal-center/use`);
    await page.click('main button.primary');
    expect(await page.textContent('#ak-problem')).toContain('ID');
    expect(await page.textContent('#sk-problem')).toBe('请输入 Secret Access Key。');
    await close();
  });
});

describe('the form to create a key', () => {
  test('asks for a name, in the language of the page and not of the browser', async () => {
    const { page, close } = await openKeys();
    await page.goto(`${url}${keysPath}/new?lang=zh-CN`);
    await page.fill('#description', '保留');
    await page.click('button.primary');
    expect(await page.textContent('#name-problem')).toBe('请输入名称。');
    expect(await page.inputValue('#description')).toBe('保留');
    await page.check('input[value="custom"]');
    await page.click('button.primary');
    expect(await page.textContent('#date-problem')).toBe('请输入日期。');
    await page.click('.account > summary');
    await page.click('text="English"');
    await page.waitForSelector('h1:text-is("Create Key")');
    expect(await page.inputValue('#description')).toBe('保留');
    expect(await page.isChecked('input[value="custom"]')).toBe(true);
    await close();
  });

  test('has a period of validity selected, and offers others', async () => {
    const { page, close } = await openKeys();
    await page.goto(`${url}${keysPath}/new`);
    const values = await page
      .locator('input[name="validity"]')
      .evaluateAll((all) => all.map((one) => one.getAttribute('value')));
    expect(values).toEqual(['30', '90', '180', 'custom', 'permanent']);
    expect(await page.isVisible('#date')).toBe(false);
    const until = await page.locator('.choice:has([name="validity"]:checked)').textContent();
    await page.fill('#name', 'ci');
    await page.click('button.primary');
    await shownPair(page);
    const day = (await pairOf('ci'))?.expiresAt ?? '';
    expect(day).toMatch(/^\d{4}-\d\d-\d\dT23:59:59Z$/);
    expect(until).toContain('90 days');
    expect(until).toContain(day.slice(0, 10));
    await close();
  });

  test('says that the key was created when its response is reloaded', async () => {
    const { page, close } = await openKeys();
    await page.goto(`${url}${keysPath}/new`);
    await page.fill('#name', 'spare');
    await page.check('input[value="permanent"]');
    await page.click('button.primary');
    const pair = await shownPair(page);
    await page.reload();
    await page.waitForSelector('h1:text-is("Key created")');
    expect(await page.textContent('main')).toContain('spare was created or rotated, and its secret key was shown once');
    expect(await page.content()).not.toContain(pair.sk);
    expect((await pairOf('spare'))?.expiresAt).toBeUndefined();

    await page.click('text="Rotate now"');
    await page.click('button:has-text("Rotate now")');
    const rotated = await shownPair(page);
    await page.reload();
    await page.waitForSelector('h1:text-is("Key created")');
    expect(await readPair(setup.cluster.kubectl, 'people', 'bob-example-org-spare')).toEqual(rotated);
    await close();
  });

  test('is not shown while no key can be created', async () => {
    const { page, close } = await openKeys();
    await page.goto(`${url}${keysPath}/new`);
    expect(await page.textContent('[role="alert"]')).toContain('You already have 2 keys');
    await page.click('text="Back to access keys"');
    await page.waitForURL(`**${keysPath}`);
    await close();
  });
});

/** Sends a form after its session has ended, and signs in again. */
async function sendLate(page: Page): Promise<void> {
  await page.context().clearCookies();
  await page.click('text="Save"');
  await page.waitForURL('**/login?next=*');
  await page.fill('#token', people.bob.token);
  await page.press('#token', 'Enter');
  await page.waitForSelector('[data-restored]:visible');
}

async function switchLanguage(page: Page): Promise<void> {
  await page.click('details.account summary');
  await page.click('text="简体中文"');
  await page.waitForSelector('html[lang="zh-CN"]');
  await page.waitForLoadState('load');
}

describe('a concurrent change', () => {
  test('of the same field is shown beside the entry, and saving again succeeds', async () => {
    const [one, two] = [await openKeys(), await openKeys()];
    for (const { page } of [one, two]) await page.goto(`${url}${keysPath}/spare/edit`);
    await one.page.fill('#description', 'theirs');
    await one.page.click('text="Save"');
    await one.page.waitForSelector('text="Key spare has been updated."');
    await two.page.fill('#description', 'mine');
    await two.page.click('text="Save"');
    await two.page.waitForSelector('.differences');
    expect(await two.page.textContent('.notice.error')).toContain('has changed since you opened this page');
    const cells = await two.page.locator('.differences tbody').textContent();
    expect(cells).toMatch(/Description\s*theirs\s*mine/);
    expect(await two.page.inputValue('#description')).toBe('mine');
    await two.page.click('text="Save"');
    await two.page.waitForSelector('text="Key spare has been updated."');
    expect((await pairOf('spare'))?.description).toBe('mine');
    for (const { close } of [one, two]) await close();
  });

  test('of another field is kept', async () => {
    const { page, close } = await openKeys();
    await page.goto(`${url}${keysPath}/spare/edit`);
    const index = (await bobsKeys()).spec.keyPairs.findIndex(({ name }) => name === 'spare');
    const path = `/spec/keyPairs/${index}/expiresAt`;
    const patch = JSON.stringify([{ op: 'add', path, value: '2040-02-29T08:00:00Z' }]);
    await kubectl('patch', 'accesskey', 'bob-example-org', '-n', 'people', '--type=json', '-p', patch);
    await page.fill('#description', 'edited');
    await page.click('text="Save"');
    await page.waitForSelector('.notice.error');
    await page.waitForLoadState('load');
    expect(await page.locator('[data-restored]').isVisible()).toBe(false);
    expect(await page.inputValue('#date')).toBe('2040-02-29');
    await page.click('text="Save"');
    await page.waitForSelector('.notice.success');
    expect(await pairOf('spare')).toMatchObject({ description: 'edited', expiresAt: '2040-02-29T08:00:00Z' });
    await close();
  });

  test.each([
    ['the session ended', sendLate, '2041-01-01', 'text="Save"'],
    ['the language was switched', switchLanguage, '2042-01-01', 'text="保存"'],
  ])('of another field is kept although %s', async (_, reopen, date, save) => {
    const { page, close } = await openKeys();
    await page.goto(`${url}${keysPath}/spare/edit`);
    await page.fill('#description', date);
    const index = (await bobsKeys()).spec.keyPairs.findIndex(({ name }) => name === 'spare');
    const path = `/spec/keyPairs/${index}/expiresAt`;
    const expiresAt = `${date}T08:00:00Z`;
    const patch = JSON.stringify([{ op: 'add', path, value: expiresAt }]);
    await kubectl('patch', 'accesskey', 'bob-example-org', '-n', 'people', '--type=json', '-p', patch);
    await reopen(page);
    expect(await page.inputValue('#description')).toBe(date);
    await page.click(save);
    await page.waitForSelector('.notice.error');
    expect(await page.inputValue('#date')).toBe(date);
    await page.click(save);
    await page.waitForSelector('.notice.success');
    expect(await pairOf('spare')).toMatchObject({ description: date, expiresAt });
    await close();
  });

  test('of another key does not disturb', async () => {
    const [one, two] = [await openKeys(), await openKeys()];
    await one.page.goto(`${url}${keysPath}/spare/edit`);
    await disableKey(two.page, 'ci');
    await two.page.waitForSelector('.notice.success');
    await one.page.fill('#description', 'undisturbed');
    await one.page.click('text="Save"');
    await one.page.waitForSelector('.notice.success');
    for (const { close } of [one, two]) await close();
  });

  test('shows the confirmation again with the current values, and confirming succeeds', async () => {
    const [one, two] = [await openKeys(), await openKeys()];
    await one.page.goto(`${url}${keysPath}/ci/delete`);
    await choose(two.page, 'ci', 'Enable');
    await two.page.waitForSelector('.notice.success');
    await one.page.click('button:has-text("Delete")');
    expect(await one.page.textContent('.notice.error')).toContain('has changed since you opened this page');
    expect(await one.page.textContent('.facts')).toContain('Active');
    await one.page.click('button:has-text("Delete")');
    await one.page.waitForSelector('text="Key ci has been deleted."');
    await one.page.reload();
    expect(await one.page.locator('.notice.success').count()).toBe(0);
    for (const { close } of [one, two]) await close();
  });

  test('that deletes the key is explained, with a way back', async () => {
    const { page, close } = await openKeys();
    await page.goto(`${url}${keysPath}/spare/edit`);
    const other = await openKeys();
    await choose(other.page, 'spare', 'Delete');
    await other.page.click('button:has-text("Delete")');
    await other.page.waitForSelector('.notice.success');
    await page.click('text="Save"');
    expect(await page.textContent('[role="alert"]')).toContain('There is no key named spare');
    await page.click('text="Back to access keys"');
    await page.waitForURL(`**${keysPath}`);
    await other.close();
    await close();
  });

  test('shows the current keys to a user who creates one, and creating it succeeds', async () => {
    const [one, two] = [await openKeys(), await openKeys()];
    for (const { page } of [one, two]) await page.goto(`${url}${keysPath}/new`);
    for (const { page } of [one, two]) await page.fill('#name', 'first');
    await one.page.click('button.primary');
    await shownPair(one.page);
    await two.page.click('button.primary');
    await two.page.waitForSelector('.notice.error');
    expect(await two.page.textContent('.notice.error')).toContain('Current keys: first.');
    expect(await two.page.textContent('#name-problem')).toContain('A key named first already exists');
    await two.page.fill('#name', 'second');
    await two.page.click('button.primary');
    await shownPair(two.page);
    for (const { close } of [one, two]) await close();
  });
});

describe('a rotation', () => {
  test('offers an overlap, during which the previous key pair works', async () => {
    const { page, close } = await openKeys();
    await page.goto(`${url}${keysPath}/first/rotate`);
    expect(await page.locator('#overlap option').allTextContents()).toEqual(['stops working immediately']);
    expect(await page.textContent('#overlap-help')).toContain('while the key second is enabled');
    await page.goto(`${url}${keysPath}`);
    await disableKey(page, 'second');
    await page.waitForSelector('.notice.success');
    const former = await readPair(setup.cluster.kubectl, 'people', 'bob-example-org-first');
    await page.goto(`${url}${keysPath}/first/rotate`);
    await page.selectOption('#overlap', '24h');
    await page.click('button:has-text("Rotate now")');
    const current = await shownPair(page);
    expect(current.ak).not.toBe(former.ak);
    for (const pair of [former, current]) await getToken(url, pair);
    expect(await pairOf('first')).toMatchObject({ rotation: { overlap: '24h' } });

    await page.goto(`${url}${keysPath}/first/edit`);
    expect(await page.inputValue('#overlap')).toBe('24h');
    await page.selectOption('#overlap', '0s');
    await page.click('text="Save"');
    await page.waitForSelector('.notice.success');
    expect((await pairOf('first'))?.rotation).toBeUndefined();
    await pairStops(url, former);
    await close();
  });
});

describe('the options of a key', () => {
  test('limit its tokens, and can be removed again', async () => {
    const { page, close } = await openKeys();
    const edit = async (lifetime: string, networks: string) => {
      await page.goto(`${url}${keysPath}/second/edit`);
      if (!(await page.isVisible('#tokenLifetime'))) await page.click('text="More options"');
      await page.fill('#tokenLifetime', lifetime);
      await page.fill('#allowedCIDRs', networks);
      await page.click('text="Save"');
    };
    await edit('5m', '10.0.0.1/8');
    expect(await page.textContent('#tokenLifetime-problem')).toContain('at least 10 minutes');
    expect(await page.textContent('#allowedCIDRs-problem')).toContain('without bits after the prefix');
    expect(await page.inputValue('#allowedCIDRs')).toBe('10.0.0.1/8');
    await edit('30m', '10.0.0.0/8\n2001:db8::/32');
    await page.waitForSelector('.notice.success');
    const limits = { tokenLifetime: '30m', allowedCIDRs: ['10.0.0.0/8', '2001:db8::/32'] };
    expect(await pairOf('second')).toMatchObject(limits);
    await edit('', '');
    await page.waitForSelector('.notice.success');
    expect(Object.keys((await pairOf('second')) ?? {})).not.toContain('tokenLifetime');
    expect(Object.keys((await pairOf('second')) ?? {})).not.toContain('allowedCIDRs');
    await close();
  });
});

describe('the rotation, the token in the Secret and the audiences', () => {
  const secretData = async () => {
    const secret = await setup.cluster.kubectl.get<{ data: Record<string, string> }>(
      ...['secret', 'bob-example-org-first', '-n', 'people'],
    );
    return secret.data;
  };

  test('are entered below More options, and an invalid one is named at its field', async () => {
    const { page, close } = await openKeys();
    const edit = async (overlap: string, fields: Record<string, string>) => {
      await page.goto(`${url}${keysPath}/first/edit`);
      if (!(await page.isVisible('#interval'))) await page.click('text="More options"');
      await page.selectOption('#overlap', overlap);
      for (const [name, value] of Object.entries(fields)) await page.fill(`#${name}`, value);
      await page.click('text="Save"');
    };
    await edit('24h', {
      interval: '30m',
      maxOverlap: '3d',
      tokenKey: 'sk',
      tokenValidFor: '1m',
      tokenAudience: 'x',
      audiences: 'a"b',
    });
    for (const name of ['interval', 'maxOverlap', 'tokenKey', 'tokenValidFor', 'tokenAudience', 'audiences']) {
      expect(await page.textContent(`#${name}-problem`)).toMatch(/^[A-Z].+\.$/);
      expect(await page.inputValue(`#${name}`)).not.toBe('');
    }
    const audience = 'https://vault.example.org';
    const token = { tokenKey: 'jwt', tokenValidFor: '12h', tokenAudience: audience };
    await edit('24h', {
      interval: '720h',
      maxOverlap: '72h',
      ...token,
      audiences: `${audience}\nhttps://other.example.org`,
    });
    await page.waitForSelector('.notice.success');
    expect(await pairOf('first')).toMatchObject({
      rotation: { interval: '720h', overlap: '24h', maxOverlap: '72h' },
      token: { key: 'jwt', validFor: '12h', audience },
    });
    expect((await bobsKeys()).spec.audiences).toEqual([audience, 'https://other.example.org']);
    const jwt = await poll('the token in the Secret', async () => (await secretData()).jwt);
    const payload = Buffer.from(jwt, 'base64').toString().split('.')[1] ?? '';
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({ aud: audience });

    await edit('0s', {
      interval: '',
      maxOverlap: '',
      tokenKey: '',
      tokenValidFor: '',
      tokenAudience: '',
      audiences: '',
    });
    await page.waitForSelector('.notice.success');
    const fields = Object.keys((await pairOf('first')) ?? {});
    for (const name of ['token', 'rotation']) expect(fields).not.toContain(name);
    expect((await bobsKeys()).spec.audiences).toBeUndefined();
    await poll('the removal of the token', async () => (await secretData()).jwt === undefined);
    await close();
  });
});

describe('a key in use', () => {
  test('is disabled and deleted only after a confirmation that says so', async () => {
    const { page, close } = await openKeys();
    const pair = await readPair(setup.cluster.kubectl, 'people', 'bob-example-org-first');
    await recordUse(setup.cluster.kubectl, 'people', 'bob-example-org');
    await page.reload();
    await choose(page, 'first', 'Disable');
    await page.waitForSelector('h1:text-is("Disable first?")');
    expect(await page.textContent('.notice.warning')).toContain('used within the last hour');
    await getToken(url, pair);
    await page.click('button:has-text("Disable")');
    await page.waitForSelector('text="Key first has been disabled."');
    await pairStops(url, pair);
    await choose(page, 'first', 'Enable');
    await page.waitForSelector('text="Key first has been enabled."');

    // The form of a page that was rendered before the key was used.
    const client = await signIn(url, { method: 'token', token: people.bob.token });
    const { metadata } = await bobsKeys();
    const answer = await client.post(`${keysPath}/first/delete`, { generation: String(metadata.generation) });
    expect(await answer.text()).toContain('used within the last hour');
    expect(await pairOf('first')).toBeDefined();
    await close();
  });

  test('keeps working after its issued tokens are revoked', async () => {
    const { page, close } = await openKeys();
    const pair = await readPair(setup.cluster.kubectl, 'people', 'bob-example-org-first');
    const token = await getToken(url, pair);
    const statusWith = async (bearer: string) =>
      (await fetch(url + deploymentsPath, { headers: { Authorization: `Bearer ${bearer}` } })).status;
    expect(await statusWith(token)).toBe(200);
    await choose(page, 'first', 'Revoke issued tokens');
    await page.click('button:has-text("Revoke issued tokens")');
    await page.waitForSelector('text="The issued tokens of key first have been revoked."');
    await poll('the revocation', async () => (await statusWith(token)) === 401);
    await poll('a new token', async () => (await statusWith(await getToken(url, pair))) === 200);
    await close();
  });
});

describe('an unknown path', () => {
  test('is a page in a browser, with a way back, and JSON for an API client', async () => {
    const { page, close } = await setup.open({ locale: 'zh-CN' });
    for (const path of ['/nothing', '/docs/nothing', '/login/nothing', '/login/%zz', '/docs/%E0%A4%A']) {
      expect((await page.goto(url + path))?.status()).toBe(404);
      expect(await page.textContent('h1')).toBe('页面不存在');
      expect((await fetch(url + path)).headers.get('content-type')).toContain('application/json');
    }
    await page.click('main a');
    await page.waitForURL('**/login');
    await signInWithToken(page, url, people.bob.token);
    expect((await page.goto(`${url}/nothing`))?.status()).toBe(404);
    expect(await page.textContent('.account .who')).toBe(people.bob.name);
    await page.click('main a');
    await page.waitForURL(`**${keysPath}`);
    expect((await page.goto(`${url}${keysPath}/first/disable`))?.status()).toBe(405);
    expect(await page.textContent('main')).toContain('无法直接打开');
    await page.click('main a');
    await page.waitForURL(`**${keysPath}`);
    const api = await page.goto(`${url}/apis/nothing`);
    expect(api?.headers()['content-type']).toContain('application/json');
    await close();
  });
});
