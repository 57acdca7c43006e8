import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { withLock } from '../../../tools/cache.ts';

const activity = 'building the control plane';

/** Holds a lock until it is released. */
async function heldLock() {
  const directory = await mkdtemp(join(tmpdir(), 'accesskey-lock-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const path = join(directory, 'lock');
  const acquired = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const holder = withLock(path, { activity, log: expect.unreachable }, () => {
    acquired.resolve();
    return release.promise;
  });
  await acquired.promise;
  return { path, holder, release: release.resolve };
}

test('a process that waits for a lock logs repeatedly what it waits for', async () => {
  const { path, holder, release } = await heldLock();
  const lines: string[] = [];
  const log = (line: string) => void lines.push(line);
  const waiting = withLock(path, { activity, log, reminderMs: 10 }, async () => 'done');
  await expect.poll(() => lines.length).toBeGreaterThan(2);
  expect(lines[0]).toBe('Another process is building the control plane; waiting for it');
  expect(lines[1]).toMatch(/^Another process is still building the control plane; waiting for \d+ s$/);
  release();
  expect(await waiting).toBe('done');
  await holder;
});

test('a process that waits for a lock logs it every half minute', async () => {
  const { path, holder, release } = await heldLock();
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const lines: string[] = [];
  const waiting = withLock(path, { activity, log: (line) => void lines.push(line) }, async () => 'done');
  vi.advanceTimersByTime(90_000);
  expect(lines).toHaveLength(4);
  release();
  await Promise.all([waiting, holder]);
});

test('waiting for a lock ends when it is aborted', async () => {
  const { path, holder, release } = await heldLock();
  const signal = AbortSignal.abort(new Error('enough'));
  const waiting = withLock(path, { activity, log: () => undefined, signal }, async () => 'done');
  await expect(waiting).rejects.toThrow('aborted');
  release();
  await holder;
});
