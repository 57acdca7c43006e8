import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createPlatform } from '../support.ts';

const { app } = await createPlatform();
const ask = (path: string, headers: Record<string, string> = {}) =>
  app.request(path, { headers }, { incoming: { socket: {} } });

const page = await ask('/docs');
const html = await page.text();
const assets = [...html.matchAll(/(?:href|src)="(docs\/[^"]+)"/g)].map(([, path]) => `/${path}`);

describe('/docs', () => {
  it('has a restrictive content security policy', () => {
    expect(page.status).toBe(200);
    expect(Object.fromEntries(page.headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
        "form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-cache',
    });
  });

  it('has no inline scripts or styles and no external resources', () => {
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=|https?:|\/\//);
    expect(assets).toHaveLength(5);
  });

  it('returns 404 with a trailing slash', async () => {
    expect((await ask('/docs/')).status).toBe(404);
  });
});

describe.each(assets)('%s', (path) => {
  // PNG is already compressed.
  const encoding = path.endsWith('.png') ? null : 'gzip';

  it(`is cached for a year, with Content-Encoding ${encoding} if gzip is accepted`, async () => {
    const [plain, compressed] = [await ask(path), await ask(path, { 'accept-encoding': 'gzip' })];
    for (const { status, headers } of [plain, compressed]) {
      expect(status).toBe(200);
      expect(headers.get('Cache-Control')).toBe('public, max-age=31536000, immutable');
      expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
      expect(headers.get('Vary')).toBe(encoding && 'Accept-Encoding');
    }
    const bytes = Buffer.from(await plain.arrayBuffer());
    expect(bytes.length).toBeGreaterThan(100);
    expect(compressed.headers.get('Content-Encoding')).toBe(encoding);
    const body = Buffer.from(await compressed.arrayBuffer());
    expect((encoding === null ? body : gunzipSync(body)).equals(bytes)).toBe(true);
  });

  it('has the media type of its extension', async () => {
    const types = { css: /^text\/css/, js: /^text\/javascript/, png: /^image\/png$/ };
    const type = (await ask(path)).headers.get('Content-Type');
    expect(type).toMatch(types[path.split('.').at(-1) as keyof typeof types]);
  });
});

describe('an unknown asset', () => {
  it.each(['x', 'swagger-ui.css', '..%2Fassets.ts', '%2e%2e%2fassets.ts', '0-start.js'])(
    '%s returns 404',
    async (name) => {
      const answer = await ask(`/docs/assets/${name}`);
      expect([answer.status, await answer.json()]).toEqual([404, expect.objectContaining({ code: 5 })]);
    },
  );
});
