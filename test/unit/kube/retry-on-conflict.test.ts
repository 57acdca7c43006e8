import { expect, it, vi } from 'vitest';
import { KubernetesError } from '../../../src/kube/errors.ts';
import { retryOnConflict } from '../../../src/kube/retry-on-conflict.ts';

const error = (status: number, denied = false) => new KubernetesError(`PATCH: ${status}`, { status, denied });

it('repeats a change until nothing else changes the object in between', async () => {
  const change = vi.fn().mockRejectedValueOnce(error(409)).mockRejectedValueOnce(error(409)).mockResolvedValue('done');
  expect(await retryOnConflict(change)).toBe('done');
  expect(change).toHaveBeenCalledTimes(3);
});

it('throws the last conflict after five attempts', async () => {
  let attempts = 0;
  const change = () => Promise.reject(new KubernetesError(`attempt ${++attempts}`, { status: 409 }));
  await expect(retryOnConflict(change)).rejects.toThrow('attempt 5');
});

it.each([
  ['another status', error(422)],
  ['a denial with the status of a conflict', error(409, true)],
  ['an error that is not of the API server', new TypeError('no response')],
])('throws %s at once', async (_, thrown) => {
  const change = vi.fn().mockRejectedValue(thrown);
  await expect(retryOnConflict(change)).rejects.toBe(thrown);
  expect(change).toHaveBeenCalledTimes(1);
});
