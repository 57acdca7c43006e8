import type { KubeConfig } from '@kubernetes/client-node';
import { type Cluster, unavailableCluster } from './cluster.ts';
import type { Connect, Connection } from './connection.ts';

/** How long the previous connection serves while a new kubeconfig does not work yet, milliseconds. */
const defaultHandoverMs = 60_000;
/** How long requests in flight have to finish once another connection serves, milliseconds. */
const drainMs = 5_000;

export interface RegisteredClusterOptions {
  connect: Connect;
  handoverMs?: number | undefined;
}

/** A registered cluster, across changes of its kubeconfig. */
export interface RegisteredCluster {
  readonly name: string;
  /** Returns the cluster that serves now; an unavailable cluster if there is none. */
  cluster(): Cluster;
  /** Returns the watch caches of the serving connection. */
  caches(): Connection['caches'];
  /** Whether a connection serves and is up to date. */
  isUp(): boolean;
  /** Returns the connection with the latest kubeconfig; undefined if that was rejected. */
  latest(): Connection | undefined;
  /**
   * Switches to another kubeconfig. The previous connection serves until the new one works, for a minute at most, because
   * its credentials may have been revoked.
   *
   * @param kubeconfig undefined if it was rejected
   */
  switchTo(kubeconfig: KubeConfig | undefined): void;
  close(): Promise<void>;
}

export function createRegisteredCluster(
  name: string,
  { connect, handoverMs = defaultHandoverMs }: RegisteredClusterOptions,
): RegisteredCluster {
  const unavailable = unavailableCluster(name);
  let serving: Connection | undefined;
  let latest: Connection | undefined;
  let handover: NodeJS.Timeout | undefined;
  let closing: Promise<void>[] = [];
  /** Closes the connection that was replaced last, unless that has happened. At most one, because each has its caches. */
  let endDrain = () => {};

  function close(connection: Connection | undefined): void {
    if (!connection) return;
    const closed = connection.close().finally(() => {
      closing = closing.filter((one) => one !== closed);
    });
    closing.push(closed);
  }

  function serve(connection: Connection | undefined): void {
    clearTimeout(handover);
    handover = undefined;
    const previous = serving === connection ? undefined : serving;
    serving = connection;
    if (!previous) return;
    if (connection) drain(previous);
    else close(previous);
  }

  function drain(connection: Connection): void {
    endDrain();
    const timer = setTimeout(() => endDrain(), drainMs);
    endDrain = () => {
      clearTimeout(timer);
      endDrain = () => {};
      close(connection);
    };
  }

  return {
    name,
    cluster: () => serving?.cluster ?? unavailable,
    caches: () => serving?.caches ?? [],
    isUp: () => serving?.state() === 'available',
    latest: () => latest,
    switchTo(kubeconfig) {
      if (latest !== serving) close(latest);
      const connection = kubeconfig && connect(name, kubeconfig);
      latest = connection;
      // The time starts at the first change; otherwise frequent changes would keep the previous connection forever.
      if (serving) handover ??= setTimeout(() => serve(undefined), handoverMs);
      connection?.works.then(() => {
        if (latest === connection) serve(connection);
      });
    },
    async close() {
      if (latest !== serving) close(latest);
      latest = undefined;
      serve(undefined);
      endDrain();
      await Promise.all(closing);
    },
  };
}
