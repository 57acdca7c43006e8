import { expect, test } from 'vitest';
import { loadAssets } from '../../../../src/web/common/assets.ts';
import { type Language, translator } from '../../../../src/web/common/language.ts';
import type { View } from '../../../../src/web/common/view.ts';
import { profilePage } from '../../../../src/web/pages/profile.ts';

const viewIn = (language: Language): View => ({
  ...{ language, t: translator(language), theme: 'auto', path: '/', isFormResponse: false, account: undefined },
  assets: loadAssets(),
});

async function profileIn(language: Language, message: string): Promise<string> {
  const page = profilePage(viewIn(language), {
    person: { name: 'ann', groups: [] },
    ...{ userId: undefined, accessKey: 'shop/ann', signInMethod: 'token', sessionExpiresAt: 0 },
    condition: { ready: false, reason: 'PairFailed', message },
  });
  return String(await page);
}

test.each([
  ['en', 'Message of the operator:'],
  ['zh-CN', 'Operator 返回的信息（原文）：'],
] as const)('quotes the status in the words of the operator, in the language %s', async (language, lead) => {
  const text = await profileIn(language, 'cannot write <Secret> a');
  expect(text).toContain('<span class="state bad" lang="en">PairFailed</span>');
  expect(text).toContain(`${lead}</p><blockquote lang="en">cannot write &lt;Secret&gt; a</blockquote>`);
});

test('quotes nothing if the status has no message', async () => {
  expect(await profileIn('en', '')).not.toContain('blockquote');
});
