import type { KubeConfig } from '@kubernetes/client-node';
import type { Cluster } from './cluster.ts';
import type { Connect, Connection } from './connection.ts';
import { unavailableCluster } from './unavailable.ts';

/** For how long the former kubeconfig goes on answering while a new one does not work yet, milliseconds. */
const defaultHandoverMs = 60_000;

export interface MemberOptions {
  connect: Connect;
  handoverMs?: number | undefined;
}

/** A registered cluster through all changes of its kubeconfig. */
export interface Member {
  readonly name: string;
  /** What answers now; an unavailable cluster when nothing does. */
  cluster(): Cluster;
  /** The watch caches of what answers now. */
  caches(): Connection['caches'];
  /** Whether something answers that is up to date. */
  isUp(): boolean;
  /** The connection with the latest kubeconfig; undefined when that was refused. */
  latest(): Connection | undefined;
  /**
   * Goes over to another kubeconfig. The former one answers until the new one works, a minute at most: then it may be
   * one that was taken back.
   *
   * @param kubeconfig undefined when it is refused
   */
  follow(kubeconfig: KubeConfig | undefined): void;
  close(): Promise<void>;
}

export function createMember(name: string, { connect, handoverMs = defaultHandoverMs }: MemberOptions): Member {
  const unavailable = unavailableCluster(name);
  let serving: Connection | undefined;
  let latest: Connection | undefined;
  let handover: NodeJS.Timeout | undefined;
  let closing: Promise<void>[] = [];

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
    if (serving !== connection) close(serving);
    serving = connection;
  }

  return {
    name,
    cluster: () => serving?.cluster ?? unavailable,
    caches: () => serving?.caches ?? [],
    isUp: () => serving?.state() === 'available',
    latest: () => latest,
    follow(kubeconfig) {
      if (latest !== serving) close(latest);
      const connection = kubeconfig && connect(name, kubeconfig);
      latest = connection;
      // The time counts from the first change, or changes without end would keep the former one for ever.
      if (serving) handover ??= setTimeout(() => serve(undefined), handoverMs);
      connection?.works.then(() => {
        if (latest === connection) serve(connection);
      });
    },
    async close() {
      if (latest !== serving) close(latest);
      latest = undefined;
      serve(undefined);
      await Promise.all(closing);
    },
  };
}
