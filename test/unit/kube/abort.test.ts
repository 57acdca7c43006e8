import { describe, expect, it } from 'vitest';
import { aborted, pause } from '../../../src/kube/abort.ts';

describe('aborted', () => {
  it('resolves when the signal aborts, not before', async () => {
    const controller = new AbortController();
    const ended = aborted(controller.signal).then(() => 'aborted');
    expect(await Promise.race([ended, new Promise((resolve) => setImmediate(resolve, 'waiting'))])).toBe('waiting');
    controller.abort();
    expect(await ended).toBe('aborted');
  });

  it('resolves at once when the signal has aborted', async () => {
    await expect(aborted(AbortSignal.abort())).resolves.toBeUndefined();
  });
});

describe('pause', () => {
  it('ends by the time', async () => {
    await expect(pause(1, new AbortController().signal)).resolves.toBeUndefined();
  });

  it('ends by the signal, without an error', async () => {
    const controller = new AbortController();
    const ended = pause(1_000_000, controller.signal);
    controller.abort();
    await expect(ended).resolves.toBeUndefined();
    await expect(pause(1_000_000, controller.signal)).resolves.toBeUndefined();
  });
});
