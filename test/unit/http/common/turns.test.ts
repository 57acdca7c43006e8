import type { IncomingMessage } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createTurns } from '../../../../src/http/common/turns.ts';

/** Turns whose requests are recorded when they run. */
function createRecordedTurns() {
  const takeTurn = createTurns();
  const ran: string[] = [];
  const take = (subject: string, name: string, socket = { destroyed: false }) =>
    takeTurn(subject, { socket } as IncomingMessage).then(
      () => void ran.push(name),
      ({ status }) => void ran.push(`${name} ${status}`),
    );
  return { take, ran };
}

/** Waits until a number of requests ran, and returns how many ran in each turn of the event loop. */
async function countPerTurn(ran: readonly string[], total: number): Promise<number[]> {
  const counts: number[] = [];
  for (let before = 0; ran.length < total; before = ran.length) {
    await setImmediate();
    counts.push(ran.length - before);
  }
  return counts;
}

describe('createTurns', () => {
  it('runs the first request immediately', async () => {
    const { take, ran } = createRecordedTurns();
    await take('a', 'a1');
    expect(ran).toEqual(['a1']);
  });

  it('runs at most one request in each turn of the event loop', async () => {
    const { take, ran } = createRecordedTurns();
    for (const name of ['a1', 'a2', 'a3', 'a4', 'a5']) void take('a', name);
    expect(Math.max(...(await countPerTurn(ran, 5)))).toBeLessThanOrEqual(2);
    expect(ran).toEqual(['a1', 'a2', 'a3', 'a4', 'a5']);
  });

  it('alternates between namespaces, whatever their ServiceAccounts', async () => {
    const { take, ran } = createRecordedTurns();
    for (const name of ['a1', 'a2', 'a3', 'a4']) void take(`system:serviceaccount:shop:${name}`, name);
    await take('b', 'b1');
    await countPerTurn(ran, 5);
    expect(ran).toEqual(['a1', 'a2', 'b1', 'a3', 'a4']);
  });

  it('alternates between subjects', async () => {
    const { take, ran } = createRecordedTurns();
    for (const name of ['a1', 'a2', 'a3', 'a4']) void take('a', name);
    for (const name of ['b1', 'b2']) void take('b', name);
    await take('c', 'c1');
    await countPerTurn(ran, 7);
    expect(ran).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4']);
  });

  it('drops requests whose client has disconnected', async () => {
    const { take, ran } = createRecordedTurns();
    const gone = { destroyed: true };
    void take('a', 'a1');
    const dropped = [take('a', 'a2', gone), take('a', 'a3', gone)];
    await take('a', 'a4');
    await Promise.all(dropped);
    expect(ran).toEqual(['a1', 'a2 400', 'a3 400', 'a4']);
  });

  it('runs a request immediately once no other waits', async () => {
    const { take, ran } = createRecordedTurns();
    void take('a', 'a1');
    await take('a', 'a2');
    await setImmediate();
    await setImmediate();
    void take('a', 'a3');
    await Promise.resolve();
    await Promise.resolve();
    expect(ran).toEqual(['a1', 'a2', 'a3']);
  });
});
