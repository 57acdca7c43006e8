import { describe, expect, it } from 'vitest';
import { aborted } from '../../../src/kube/abort.ts';

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
