import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../../../src/cli/common/cluster.ts';
import { readClusterTime } from '../../../../src/cli/keys/cluster-time.ts';
import { now } from '../../../support/builders.ts';
import { testContext } from '../support.ts';

/** Reads the time of an API server that sends this header. */
async function read(date: string | undefined) {
  const paths: string[] = [];
  const transport = {
    async send({ path }: { path: string }) {
      paths.push(path);
      return { headers: { date }, body: { dump: async () => undefined } };
    },
  };
  const context = testContext({ now });
  const cluster = { transport, namespace: 'people' } as unknown as Cluster;
  return { time: await readClusterTime(context, cluster, 'ann'), err: context.err(), paths };
}

const dateIn = (seconds: number) => new Date(now + seconds * 1000).toUTCString();

describe('readClusterTime', () => {
  it('returns the time of the API server, with the permission to get the AccessKey', async () => {
    const paths = ['/apis/ghippo.io/v1alpha1/namespaces/people/accesskeys/ann'];
    expect(await read(dateIn(10))).toEqual({ time: now + 10_000, err: '', paths });
  });

  it.each([
    [600, '600 s behind'],
    [-600, '599 s ahead of'],
  ])('warns if the clocks differ by %d s', async (seconds, difference) => {
    expect(await read(dateIn(seconds))).toMatchObject({
      time: now + seconds * 1000,
      err: `warning: the clock of this machine is ${difference} that of the API server, which is used\n`,
    });
  });

  it.each([undefined, 'x'])('warns if the API server sends no time: %j', async (date) => {
    expect(await read(date)).toMatchObject({ time: now, err: expect.stringMatching(/^warning: .* sends no time/) });
  });
});
