import type { Dispatcher } from 'undici';
import { expect, test } from 'vitest';
import { UndecidedError } from '../../../../src/access/limit.ts';
import type { Transport } from '../../../../src/kube/transport.ts';
import { createFairTransports } from '../../../../src/web/common/fair-transports.ts';

const request = { method: 'GET', path: '/' } as const;

/** Transports that record the token of each call and respond when the test says so. */
function createTransports() {
  const sent: string[] = [];
  const answers: (() => void)[] = [];
  const transportFor = createFairTransports(
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
  const call = (token: string, user?: string) => transportFor(token, user).send(request);
  return { sent, answers, call };
}

test('leaves room for other tokens while one token has many calls', async () => {
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

test.each([
  ['tokens of one user', () => 'mallory'],
  ['ServiceAccounts of one namespace', (number: number) => `system:serviceaccount:shop:robot${number}`],
])('leaves room for other users while there are many %s', async (_, userOf) => {
  const { sent, call } = createTransports();
  for (let number = 0; number < 60; number += 1) void call(`token ${number}`, userOf(number));
  void call('token of ann', 'ann');
  await new Promise(setImmediate);
  expect(sent).toEqual([...Array.from({ length: 8 }, (_, number) => `token ${number}`), 'token of ann']);
});

test('rejects calls beyond the waiting limit', async () => {
  const { call } = createTransports();
  for (let number = 0; number < 408; number += 1) void call('mallory');
  await expect(call('mallory')).rejects.toBeInstanceOf(UndecidedError);
});
