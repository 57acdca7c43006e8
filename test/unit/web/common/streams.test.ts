import { Hono } from 'hono';
import { expect, onTestFinished, test, vi } from 'vitest';
import { serve } from '../../../../src/http/server/server.ts';
import { createStreams } from '../../../../src/web/common/streams.ts';
import type { ConsoleEnvironment } from '../../../../src/web/routes/dependencies.ts';
import { addStreamRoutes } from '../../../../src/web/routes/streams.ts';
import type { Session } from '../../../../src/web/session/session.ts';
import type { Visitor } from '../../../../src/web/visitor/visitor.ts';
import { accessKey, caches, now } from '../../../support/builders.ts';

const path = '/personal-center/access-keys/events';
const end = now + 60_000;
const endOf = () => end;

test('limits the streams of a user, however many sessions the user has', () => {
  const streams = createStreams(caches({}), () => now);
  const open = (session: number, user = 'mallory') => streams.open(`session ${session}`, user, end);
  const opened = Array.from({ length: 1_200 }, (_, session) => open(session)).filter((one) => one !== undefined);
  expect(opened).toHaveLength(30);
  expect(open(0, 'ann')).toBeDefined();
  opened[0]?.end();
  expect([open(1_201), open(1_202)].map((one) => one !== undefined)).toEqual([true, false]);
  streams.close();
});

test('limits the streams of all ServiceAccounts of a namespace together', () => {
  const streams = createStreams(caches({}), () => now);
  const open = (session: number, user: string) => streams.open(`session ${session}`, user, end);
  const opened = Array.from({ length: 1_200 }, (_, n) => open(n, `system:serviceaccount:shop:robot${n}`));
  expect(opened.filter((one) => one !== undefined)).toHaveLength(30);
  expect(open(1_201, 'system:serviceaccount:store:robot')).toBeDefined();
  streams.close();
});

test('limits a session to four streams', () => {
  const streams = createStreams(caches({}), () => now);
  const opened = Array.from({ length: 8 }, () => streams.open('one', 'ann', end));
  expect(opened.filter((one) => one !== undefined)).toHaveLength(4);
  streams.signedOut('one');
  expect(streams.open('one', 'ann', end)).toBeDefined();
  streams.close();
});

/** Serves the streams of ann over HTTP. */
async function serveStreams() {
  const streams = createStreams(caches({}), () => now);
  const app = new Hono<ConsoleEnvironment>();
  const session: Session = { id: 'one', expiresAt: end, kind: 'pair', ak: 'ak', digest: 'digest' };
  app.use(async (context, next) => {
    context.set('visitor', { session, user: { name: 'ann', groups: [] } } as unknown as Visitor);
    await next();
  });
  addStreamRoutes(app, { streams, hasEnded: async () => false, endOf });
  app.onError((_, context) => context.text('too many streams', 503));
  const server = await serve(app, { address: '127.0.0.1', port: 0 });
  onTestFinished(async () => {
    streams.close();
    await server.close(0);
  });
  return { streams, url: `http://127.0.0.1:${server.port}${path}` };
}

test('opens no stream for HEAD', async () => {
  const { streams, url } = await serveStreams();
  for (let request = 0; request < 7; request += 1) {
    const answer = await fetch(url, { method: 'HEAD' });
    expect([answer.status, answer.headers.get('Content-Type')]).toEqual([200, 'text/event-stream']);
  }
  const opened = Array.from({ length: 4 }, () => streams.open('one', 'ann', end));
  expect(opened.every((one) => one !== undefined)).toBe(true);
});

test('ends each stream with its connection', async () => {
  const { streams, url } = await serveStreams();
  const connections = Array.from({ length: 4 }, () => new AbortController());
  await Promise.all(connections.map(({ signal }) => fetch(url, { signal })));
  expect((await fetch(url)).status).toBe(503);
  for (const connection of connections) connection.abort();
  await expect.poll(() => streams.open('one', 'ann', end)).toBeDefined();
});

test('ends a stream when its session expires', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const streams = createStreams(caches({}), Date.now);
  const open = () => streams.open('one', 'ann', Date.now() + 10_000);
  const opened = Array.from({ length: 4 }, open);
  expect(open()).toBeUndefined();
  const ended = Promise.all(opened.map((one) => one?.next()));
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await ended).toEqual(Array(4).fill(undefined));
  expect(open()).toBeDefined();
  streams.close();
});

test('leaves neither a timer nor a listener behind', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const ann = accessKey();
  const content = caches({ accessKeys: [ann] });
  let listeners = 0;
  for (const source of [content.accessKeys, content.userHolders]) {
    const subscribe = source.subscribe as (listener: () => void) => () => unknown;
    vi.spyOn(source, 'subscribe').mockImplementation((listener: unknown) => {
      listeners += 1;
      const unsubscribe = subscribe(listener as () => void);
      return () => {
        listeners -= 1;
        unsubscribe();
      };
    });
  }
  const streams = createStreams(content, () => now);
  const stream = streams.open('one', 'ann', end);
  expect(listeners).toBe(2);
  const event = stream?.next();
  content.accessKeys.upsert({ ...ann, resourceVersion: '11' });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await event).toBe('change');
  expect(vi.getTimerCount()).toBe(0);
  stream?.end();
  expect(listeners).toBe(0);
});

/**
 * Opens the stream of ann, changes her AccessKey, and changes it again after the first event.
 *
 * @returns the text of the stream, and how many streams her session can open afterwards
 */
async function readStream(hasEnded: boolean): Promise<{ text: string; free: number }> {
  const ann = accessKey();
  const content = caches({ accessKeys: [ann] });
  const streams = createStreams(content, () => now);
  const app = new Hono<ConsoleEnvironment>();
  const session: Session = { id: 'a', expiresAt: end, kind: 'pair', ak: 'ak', digest: 'digest' };
  app.use(async (context, next) => {
    context.set('visitor', { session, user: { name: 'ann', groups: [] } } as unknown as Visitor);
    await next();
  });
  const checked: Session[] = [];
  const check = async (one: Session) => {
    checked.push(one);
    if (checked.length === 1) content.accessKeys.upsert({ ...ann, resourceVersion: '12' });
    else streams.close();
    return hasEnded;
  };
  addStreamRoutes(app, { streams, hasEnded: check, endOf });
  const answer = await app.request(path);
  content.accessKeys.upsert({ ...ann, resourceVersion: '11' });
  const text = await answer.text();
  expect(checked[0]).toEqual(session);
  const reopened = Array.from({ length: 7 }, () => streams.open(session.id, 'ann', end));
  return { text, free: reopened.filter((one) => one !== undefined).length };
}
const changesIn = (text: string) => text.match(/^event: change$/gm)?.length;

test('reports every change while the session is valid', async () => {
  expect(changesIn((await readStream(false)).text)).toBe(2);
});

test('reports one change to a session that has ended, and no further ones', async () => {
  const { text, free } = await readStream(true);
  expect(changesIn(text)).toBe(1);
  expect(free).toBe(4);
});
