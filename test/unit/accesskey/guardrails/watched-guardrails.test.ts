import { pino } from 'pino';
import type { Dispatcher } from 'undici';
import { expect, it, onTestFinished } from 'vitest';
import { noGuardrails } from '../../../../src/accesskey/guardrails/guardrails.ts';
import { createWatchedGuardrails } from '../../../../src/accesskey/guardrails/watched-guardrails.ts';
import type { Transport } from '../../../../src/kube/transport.ts';

type Data = Record<string, string>;
const configMap = { namespace: 'system', name: 'limits' };
const turns = async () => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** An API server whose ConfigMap the test changes; `undefined` is a missing one. */
async function start(initial: Data | undefined) {
  const paths: string[] = [];
  const lines: string[] = [];
  let version = 1;
  let emit: (line: string) => void = () => undefined;
  const object = (data: Data) => ({ metadata: { ...configMap, resourceVersion: String(version) }, data });
  const transport: Transport = {
    server: 'https://10.0.0.1',
    async send({ path, signal }) {
      paths.push(path);
      const items = initial ? [object(initial)] : [];
      const list = JSON.stringify({ metadata: { resourceVersion: '1' }, items });
      const body = path.includes('watch=')
        ? new ReadableStream<Buffer>({
            start(controller) {
              emit = (line) => controller.enqueue(Buffer.from(`${line}\n`));
              signal?.addEventListener('abort', () => controller.error(new Error('aborted')));
            },
          })
        : [Buffer.from(list)];
      return { body } as unknown as Dispatcher.ResponseData;
    },
    close: async () => undefined,
  };
  const log = pino({ base: null }, { write: (line: string) => void lines.push(line) });
  const watched = createWatchedGuardrails({ transport, configMap, log });
  let changes = 0;
  watched.subscribe(() => {
    changes += 1;
  });
  const stop = new AbortController();
  const running = watched.reflector.run(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await running;
  });
  await turns();
  return {
    ...watched,
    paths,
    lines,
    changes: () => changes,
    async set(data: Data | undefined) {
      version += 1;
      emit(JSON.stringify({ type: data ? 'MODIFIED' : 'DELETED', object: object(data ?? {}) }));
      await turns();
    },
  };
}

it('watches exactly the ConfigMap', async () => {
  const { paths } = await start({});
  expect(paths).toHaveLength(2);
  for (const path of paths)
    expect(path).toMatch(/^\/api\/v1\/namespaces\/system\/configmaps\?.*fieldSelector=metadata\.name%3Dlimits$/);
});

it('has no limits while there is no ConfigMap', async () => {
  const watched = await start(undefined);
  expect(watched.current()).toEqual(noGuardrails);
  await watched.set({ maxTokenLifetime: '1h' });
  expect(watched.current()).toEqual({ ...noGuardrails, maxTokenLifetime: '1h' });
  await watched.set(undefined);
  expect(watched.current()).toEqual(noGuardrails);
  expect(watched.changes()).toBe(3);
});

it('keeps the last valid guardrails while the ConfigMap is malformed, and logs why', async () => {
  const watched = await start({ maxTokenLifetime: '1h' });
  await watched.set({ maxTokenLifetime: '1d' });
  expect(watched.current()).toMatchObject({ maxTokenLifetime: '1h' });
  expect(JSON.parse(watched.lines.at(-1) ?? '')).toMatchObject({
    level: 50,
    configMap: 'system/limits',
    reason: 'maxTokenLifetime must be a duration in hours, minutes and seconds such as 2160h',
    msg: 'the guardrails are malformed, comparing AccessKeys with the last valid ones',
  });
  expect(watched.changes()).toBe(1);
});

it('reports whether the ConfigMap is malformed, and logs each reason once', async () => {
  const watched = await start({ maxTokenLifetime: '1h' });
  const logged = () => watched.lines.filter((line) => line.includes('malformed')).length;
  expect(watched.isMalformed()).toBe(false);
  for (const value of ['1d', '1d', '1d']) await watched.set({ maxTokenLifetime: value });
  expect([watched.isMalformed(), logged()]).toEqual([true, 1]);
  await watched.set({ maxTokenLifetime: '1d', other: '' });
  expect([watched.isMalformed(), logged()]).toEqual([true, 2]);
  await watched.set({ maxTokenLifetime: '1h' });
  expect(watched.isMalformed()).toBe(false);
  await watched.set({ other: '' });
  expect([watched.isMalformed(), logged()]).toEqual([true, 3]);
  await watched.set(undefined);
  expect(watched.isMalformed()).toBe(false);
});

it('knows no guardrails before it reads valid ones', async () => {
  const watched = await start({ maxTokenLifetime: '1d' });
  expect(watched.current()).toBeUndefined();
  expect(watched.lines.join('\n')).toContain('no valid ones are known');
  await watched.set({ maxTokenLifetime: '1h' });
  expect(watched.current()).toMatchObject({ maxTokenLifetime: '1h' });
});

it('does not notify its subscribers if only metadata changes', async () => {
  const watched = await start({ maxTokenLifetime: '1h' });
  await watched.set({ maxTokenLifetime: '1h' });
  expect(watched.changes()).toBe(1);
});
