import type { Dispatcher } from 'undici';
import { expect, test } from 'vitest';
import { UndecidedError } from '../../../../src/access/limit.ts';
import type { Transport } from '../../../../src/kube/transport.ts';
import { createFairTransports } from '../../../../src/web/common/fair-transports.ts';

const request = { method: 'GET', path: '/' } as const;

/** Transports of tokens whose calls are answered when they are told to; notes whose call was sent. */
function createTransports() {
  const sent: string[] = [];
  const answers: (() => void)[] = [];
  const withToken = createFairTransports(
    (token): Transport => ({
      server: 'https://127.0.0.1',
      async send() {
        sent.push(token);
        await new Promise<void>((resolve) => answers.push(resolve));
        return { statusCode: 200 } as Dispatcher.ResponseData;
      },
      close: async () => undefined,
    }),
  );
  const call = (token: string) => withToken(token).send(request);
  return { sent, answers, call };
}

test('one person’s calls leave room for those of others, however many they are', async () => {
  const { sent, answers, call } = createTransports();
  const calls = Array.from({ length: 300 }, () => call('mallory'));
  calls.push(call('ann'));
  await new Promise(setImmediate);
  expect(sent).toEqual([...Array.from({ length: 8 }, () => 'mallory'), 'ann']);
  const isDone = Promise.all(calls);
  while (answers.length > 0) {
    answers.shift()?.();
    await new Promise(setImmediate);
  }
  expect(await isDone).toHaveLength(301);
});

test('what would wait without end is refused', async () => {
  const { call } = createTransports();
  for (let number = 0; number < 408; number += 1) void call('mallory');
  await expect(call('mallory')).rejects.toBeInstanceOf(UndecidedError);
});
