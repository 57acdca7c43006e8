import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createMember } from '../../../src/clusters/registered-cluster.ts';
import { playedConnections, registration } from './support.ts';

const handoverMs = 60_000;
beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const kubeconfig = () => {
  const { kubeconfig: read } = registration();
  if (read instanceof Error) throw read;
  return read;
};

function setUp() {
  const played = playedConnections();
  const member = createMember('west', { connect: played.connect });
  const opened = (index: number) => {
    const connection = played.opened[index];
    if (!connection) throw new Error(`connection ${index} was not opened`);
    return connection;
  };
  /** The deployment that is shown, which names its connection; undefined when nothing is. */
  const shown = () => member.cluster().deployments.values().next().value?.name;
  return { member, opened, shown };
}

describe('a registered cluster', () => {
  it('is unavailable until its connection works', async () => {
    const { member, opened, shown } = setUp();
    member.follow(kubeconfig());
    expect([shown(), member.isUp()]).toEqual([undefined, false]);
    await expect(member.cluster().authorizer.mayListDeployments({ name: 'ann', groups: [] })).rejects.toThrow(
      'cluster west was not heard yet',
    );
    opened(0).becomes('available');
    await vi.advanceTimersByTimeAsync(0);
    expect([shown(), member.isUp()]).toEqual(['web-0', true]);
  });

  it('goes on answering while it cannot be reached, but is not up', async () => {
    const { member, opened, shown } = setUp();
    member.follow(kubeconfig());
    opened(0).becomes('available');
    await vi.advanceTimersByTimeAsync(handoverMs * 10);
    opened(0).becomes('unavailable');
    expect([shown(), member.isUp(), opened(0).closed]).toEqual(['web-0', false, false]);
  });

  it('goes over to another kubeconfig when that works', async () => {
    const { member, opened, shown } = setUp();
    member.follow(kubeconfig());
    opened(0).becomes('available');
    await vi.advanceTimersByTimeAsync(0);
    member.follow(kubeconfig());
    await vi.advanceTimersByTimeAsync(handoverMs - 1);
    expect([shown(), opened(0).closed]).toEqual(['web-0', false]);
    opened(1).becomes('available');
    await vi.advanceTimersByTimeAsync(handoverMs);
    expect([shown(), opened(0).closed, opened(1).closed]).toEqual(['web-1', true, false]);
  });

  it.each([
    ['a kubeconfig that does not work', true],
    ['a kubeconfig that is refused', false],
  ])('leaves the former one after a minute for %s', async (_, sound) => {
    const { member, opened, shown } = setUp();
    member.follow(kubeconfig());
    opened(0).becomes('available');
    await vi.advanceTimersByTimeAsync(0);
    member.follow(sound ? kubeconfig() : undefined);
    await vi.advanceTimersByTimeAsync(handoverMs);
    expect([shown(), opened(0).closed, member.isUp()]).toEqual([undefined, true, false]);
  });

  it('does not keep the former one longer because of further changes', async () => {
    const { member, opened, shown } = setUp();
    member.follow(kubeconfig());
    opened(0).becomes('available');
    await vi.advanceTimersByTimeAsync(0);
    for (let change = 0; change < 7; change += 1) {
      member.follow(kubeconfig());
      await vi.advanceTimersByTimeAsync(handoverMs / 6);
    }
    expect([shown(), opened(0).closed]).toEqual([undefined, true]);
    expect([1, 2, 3, 4, 5, 6].map((index) => opened(index).closed)).toEqual([true, true, true, true, true, true]);
    opened(7).becomes('available');
    await vi.advanceTimersByTimeAsync(0);
    expect(shown()).toBe('web-7');
  });

  it('takes no notice of a connection that was given up and works after all', async () => {
    const { member, opened, shown } = setUp();
    member.follow(kubeconfig());
    member.follow(kubeconfig());
    opened(0).becomes('available');
    await vi.advanceTimersByTimeAsync(0);
    expect([shown(), opened(0).closed]).toEqual([undefined, true]);
  });

  it.each([1, 2])('closes all of %i connections, and leaves no timer', async (count) => {
    const { member, opened } = setUp();
    member.follow(kubeconfig());
    opened(0).becomes('available');
    await vi.advanceTimersByTimeAsync(0);
    if (count === 2) member.follow(kubeconfig());
    await member.close();
    for (let index = 0; index < count; index += 1) expect(opened(index).closed).toBe(true);
    expect([member.latest(), vi.getTimerCount()]).toEqual([undefined, 0]);
  });
});
