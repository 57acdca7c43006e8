import { describe, expect, it } from 'vitest';
import { createFairLimit, UndecidedError } from '../../../src/access/limit.ts';

const idle = () => new Promise(setImmediate);

/** A limit of 3, 2 per subject, and tasks that end when the test ends them. */
function createTasks(waitingPerSubject = 100) {
  const limit = createFairLimit({ total: 3, perSubject: 2, waitingPerSubject });
  const started: string[] = [];
  const ends = new Map<string, PromiseWithResolvers<string>>();
  return {
    started,
    begin(name: string) {
      const end = Promise.withResolvers<string>();
      ends.set(name, end);
      return limit(name[0] ?? '', () => {
        started.push(name);
        return end.promise;
      });
    },
    async end(name: string, error?: Error) {
      if (error) ends.get(name)?.reject(error);
      else ends.get(name)?.resolve(name);
      await idle();
    },
  };
}

describe('a fair limit', () => {
  it('limits the running tasks per subject and in total, in order of arrival', async () => {
    const { begin, end, started } = createTasks();
    for (const name of ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1']) void begin(name);
    await idle();
    expect(started).toEqual(['a1', 'a2', 'b1']);
    await end('a1');
    expect(started).toEqual(['a1', 'a2', 'b1', 'b2']);
    await end('b1');
    await end('b2');
    expect(started.slice(4)).toEqual(['c1', 'a3']);
    await end('a2');
    expect(started.slice(6)).toEqual(['a4']);
  });

  it('rejects tasks beyond the waiting limit of a subject, and accepts those of others', async () => {
    const { begin, end, started } = createTasks(3);
    for (const name of ['a1', 'a2', 'a3', 'a4', 'a5']) void begin(name);
    await expect(begin('a6')).rejects.toBeInstanceOf(UndecidedError);
    void begin('b1');
    await idle();
    expect(started).toEqual(['a1', 'a2', 'b1']);
    await end('a1');
    void begin('a7');
    for (const name of ['a2', 'a3', 'a4', 'a5']) await end(name);
    expect(started.slice(3)).toEqual(['a3', 'a4', 'a5', 'a7']);
  });

  it('returns the result or the error of a task, and frees its slot in both cases', async () => {
    const { begin, end } = createTasks();
    const failed = begin('a1');
    const others = ['a2', 'a3'].map(begin);
    const failure = expect(failed).rejects.toThrow('broken');
    await idle();
    await end('a1', new Error('broken'));
    await failure;
    await end('a2');
    await end('a3');
    expect(await Promise.all(others)).toEqual(['a2', 'a3']);
  });

  it('never exceeds the total limit, whatever the order in which tasks end', async () => {
    const limit = createFairLimit({ total: 3, perSubject: 2, waitingPerSubject: 100 });
    let running = 0;
    let most = 0;
    const task = async () => {
      running += 1;
      most = Math.max(most, running);
      for (let turns = Math.random() * 5; turns > 0; turns -= 1) await idle();
      running -= 1;
    };
    await Promise.all(Array.from({ length: 200 }, (_, n) => limit(String(n % 7), task)));
    expect([running, most]).toEqual([0, 3]);
  });
});
