import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createRegisteredCluster } from '../../../src/clusters/registered-cluster.ts';
import { fakeConnections, registration } from './support.ts';

const handoverMs = 60_000;
const drainMs = 5_000;
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
  const fakes = fakeConnections();
  const cluster = createRegisteredCluster('west', { connect: fakes.connect });
  const opened = (index: number) => {
    const connection = fakes.opened[index];
    if (!connection) throw new Error(`connection ${index} was not opened`);
    return connection;
  };
  /** Returns the name of the served deployment, which contains the index of its connection, or undefined. */
  const served = () => cluster.cluster().deployments.values().next().value?.name;
  return { cluster, opened, served };
}

describe('a registered cluster', () => {
  it('is unavailable until its connection works', async () => {
    const { cluster, opened, served } = setUp();
    cluster.switchTo(kubeconfig());
    expect([served(), cluster.isUp()]).toEqual([undefined, false]);
    await expect(cluster.cluster().authorizer.mayListDeployments({ name: 'ann', groups: [] })).rejects.toThrow(
      'no response from cluster west yet',
    );
    opened(0).becomes('available');
    await vi.advanceTimersByTimeAsync(0);
    expect([served(), cluster.isUp()]).toEqual(['web-0', true]);
  });

  it('continues to serve cached data while unreachable, but is not up', async () => {
    const { cluster, opened, served } = setUp();
    cluster.switchTo(kubeconfig());
    opened(0).becomes('available');
    await vi.advanceTimersByTimeAsync(handoverMs * 10);
    opened(0).becomes('unavailable');
    expect([served(), cluster.isUp(), opened(0).closed]).toEqual(['web-0', false, false]);
  });

  it('switches to another kubeconfig when that works', async () => {
    const { cluster, opened, served } = setUp();
    cluster.switchTo(kubeconfig());
    opened(0).becomes('available');
    await vi.advanceTimersByTimeAsync(0);
    cluster.switchTo(kubeconfig());
    await vi.advanceTimersByTimeAsync(handoverMs - 1);
    expect([served(), opened(0).closed]).toEqual(['web-0', false]);
    opened(1).becomes('available');
    await vi.advanceTimersByTimeAsync(drainMs - 1);
    expect([served(), opened(0).closed], 'requests in flight').toEqual(['web-1', false]);
    await vi.advanceTimersByTimeAsync(1);
    expect([served(), opened(0).closed, opened(1).closed]).toEqual(['web-1', true, false]);
  });

  it.each([
    ['a kubeconfig that does not work', true],
    ['a kubeconfig that is rejected', false],
  ])('drops the previous connection a minute after a change to %s', async (_, valid) => {
    const { cluster, opened, served } = setUp();
    cluster.switchTo(kubeconfig());
    opened(0).becomes('available');
    await vi.advanceTimersByTimeAsync(0);
    cluster.switchTo(valid ? kubeconfig() : undefined);
    await vi.advanceTimersByTimeAsync(handoverMs);
    expect([served(), opened(0).closed, cluster.isUp()]).toEqual([undefined, true, false]);
  });

  it('does not keep the previous connection longer because of further changes', async () => {
    const { cluster, opened, served } = setUp();
    cluster.switchTo(kubeconfig());
    opened(0).becomes('available');
    await vi.advanceTimersByTimeAsync(0);
    for (let change = 0; change < 7; change += 1) {
      cluster.switchTo(kubeconfig());
      await vi.advanceTimersByTimeAsync(handoverMs / 6);
    }
    expect([served(), opened(0).closed]).toEqual([undefined, true]);
    expect([1, 2, 3, 4, 5, 6].map((index) => opened(index).closed)).toEqual([true, true, true, true, true, true]);
    opened(7).becomes('available');
    await vi.advanceTimersByTimeAsync(0);
    expect(served()).toBe('web-7');
  });

  it('ignores a replaced connection that works later', async () => {
    const { cluster, opened, served } = setUp();
    cluster.switchTo(kubeconfig());
    cluster.switchTo(kubeconfig());
    opened(0).becomes('available');
    await vi.advanceTimersByTimeAsync(0);
    expect([served(), opened(0).closed]).toEqual([undefined, true]);
  });

  it.each([
    ['the one that serves', 1, 1],
    ['a later one that does not work yet', 2, 1],
    ['one that was just replaced', 2, 2],
  ])('closes its connections, also %s, and leaves no timer', async (_, count, working) => {
    const { cluster, opened } = setUp();
    for (let index = 0; index < count; index += 1) {
      cluster.switchTo(kubeconfig());
      if (index < working) opened(index).becomes('available');
      await vi.advanceTimersByTimeAsync(0);
    }
    await cluster.close();
    for (let index = 0; index < count; index += 1) expect(opened(index).closed).toBe(true);
    expect([cluster.latest(), vi.getTimerCount()]).toEqual([undefined, 0]);
  });
});
