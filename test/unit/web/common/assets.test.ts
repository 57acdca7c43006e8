import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { Hono } from 'hono';
import { describe, expect, test } from 'vitest';
import { loadAssets } from '../../../../src/web/common/assets.ts';

const assets = loadAssets();
const app = new Hono();
assets.addRoutes(app);

const fileOf = (name: string) => readFileSync(new URL(`../../../../src/web/assets/${name}`, import.meta.url));

describe.each([
  ['frame.css', 'text/css; charset=utf-8', 'gzip'],
  ['console.css', 'text/css; charset=utf-8', 'gzip'],
  ['console.js', 'text/javascript; charset=utf-8', 'gzip'],
  ['date-picker.js', 'text/javascript; charset=utf-8', 'gzip'],
  ['kept-input.js', 'text/javascript; charset=utf-8', 'gzip'],
  ['live.js', 'text/javascript; charset=utf-8', 'gzip'],
  ['live-part.js', 'text/javascript; charset=utf-8', 'gzip'],
  // Small enough to be sent uncompressed.
  ['display.js', 'text/javascript; charset=utf-8', null],
  ['icon.svg', 'image/svg+xml', null],
] as const)('%s', (name, type, encoding) => {
  test('is served unchanged and cacheable, under a path with a hash', async () => {
    expect(assets.path(name)).toMatch(new RegExp(`^/assets/[0-9a-f]{16}/${name}$`));
    const answer = await app.request(assets.path(name));
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(fileOf(name));
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': type,
      'cache-control': 'public, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff',
    });
  });

  test(`has Content-Encoding ${encoding} for clients that accept gzip`, async () => {
    const answer = await app.request(assets.path(name), { headers: { 'Accept-Encoding': 'gzip' } });
    const body = Buffer.from(await answer.arrayBuffer());
    expect(answer.headers.get('Content-Encoding')).toBe(encoding);
    expect(answer.headers.get('Vary')).toBe(encoding && 'Accept-Encoding');
    expect(encoding === null ? body : gunzipSync(body)).toEqual(fileOf(name));
  });
});

test('every import of a script has the path of a file that is served', async () => {
  const scripts = ['console.js', 'date-picker.js', 'display.js', 'kept-input.js', 'live.js', 'live-part.js'] as const;
  const imported = scripts.flatMap((name) => {
    const imports = fileOf(name)
      .toString()
      .matchAll(/^import .* from '(.*)';$/gm);
    return [...imports].map(([, path = '']) => new URL(path, `http://localhost${assets.path(name)}`).pathname);
  });
  const responses = await Promise.all(imported.map((path) => app.request(path)));
  expect(imported).toContain(assets.path('live-part.js'));
  expect(responses.map(({ status }) => status)).toEqual(imported.map(() => 200));
});
