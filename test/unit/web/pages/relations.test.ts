/** The relations between elements that screen readers follow. */
import { expect, test } from 'vitest';
import { loadAssets } from '../../../../src/web/common/assets.ts';
import { translator } from '../../../../src/web/common/language.ts';
import type { View } from '../../../../src/web/common/view.ts';
import { emptyInput, type Problems } from '../../../../src/web/keys/pair-input.ts';
import { pairFormPage } from '../../../../src/web/pages/pair-form.ts';
import { createKeyConsole, fieldsOf, keysPath, submit } from '../../../support/key-console.ts';

/** @returns the relations of a page to an ID that it does not have */
function brokenRelations(page: string): string[] {
  const ids = new Set([...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
  const relations = [...page.matchAll(/ ((?:aria-(?:describedby|labelledby|controls)|for)="([^"]*)")/g)];
  return relations.filter(([, , id]) => !ids.has(id)).map(([, relation = '']) => relation);
}

const paths = ['', '/new', '/main/edit', '/main/rotate', '/main/delete', '/main/revoke'].map((path) => keysPath + path);

test.each([...paths, '/personal-center/profile', '/personal-center/use', '/platform-settings', '/docs'])(
  'each relation of %s has its element',
  async (path) => {
    const response = await (await createKeyConsole().signIn('token')).get(path);
    expect([response.status, brokenRelations(await response.text())]).toEqual([200, []]);
  },
);

test('each relation of the sign-in page has its element, also after a failure', async () => {
  const browser = await createKeyConsole().signIn('token', '');
  expect(brokenRelations(await (await browser.get('/login')).text())).toEqual([]);
  const { page } = await submit(browser, '/login', { method: 'token', token: '' });
  expect([brokenRelations(page), page]).toEqual([[], expect.stringContaining('aria-invalid')]);
});

test('each relation of a form with problems has its element', async () => {
  const browser = await createKeyConsole().signIn('token');
  for (const path of [`${keysPath}/new`, `${keysPath}/main/edit`]) {
    const wrong = { name: '-', description: 'x'.repeat(300), validity: 'custom', date: 'x', allowedCIDRs: 'x' };
    const { status, page } = await submit(browser, path, { ...(await fieldsOf(browser, path)), ...wrong });
    expect([status, brokenRelations(page)]).toEqual([400, []]);
  }
});

test.each<[Problems, string]>([
  [{}, 'aria-describedby="groups-help"'],
  [{ groups: 'badGroups' }, 'aria-invalid="true" aria-describedby="groups-problem"'],
])('the groups of the first key have their help, or their problem %o', async (problems, relation) => {
  const view: View = {
    ...{ language: 'en', t: translator('en'), theme: 'auto', path: '/', isFormResponse: false, account: undefined },
    assets: loadAssets(),
  };
  const page = await pairFormPage(view, {
    ...{ title: 'New', action: keysPath, submit: 'Create', isNew: true, generation: 0, now: 0 },
    ...{ input: emptyInput, problems, first: { namespaces: ['shop'], groups: ['developers'] } },
  });
  expect(brokenRelations(String(page))).toEqual([]);
  expect(String(page)).toContain(`<fieldset class="field" ${relation}>`);
});
