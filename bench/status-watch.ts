import type { AccessKeyStatus } from '../src/accesskey/model/types.generated.ts';
import { list, watch } from '../src/kube/list-watch.ts';
import type { Transport } from '../src/kube/transport.ts';

/** Reports when the status of an AccessKey meets a condition, as a client of the API server sees it. */
export interface StatusWatch {
  /** @returns when the watch first showed such a status; monotonic clock, milliseconds */
  until(name: string, condition: (status: AccessKeyStatus) => boolean): Promise<number>;
  stop(): Promise<void>;
}

/** Longest benchmark, seconds. */
const timeoutSeconds = 3_600;

/**
 * Watches the AccessKeys of a collection. If the watch breaks, the benchmark fails.
 *
 * @param path path of the collection
 */
export async function watchStatuses(admin: Transport, path: string): Promise<StatusWatch> {
  const abort = new AbortController();
  const waiting = new Map<string, { condition: (status: AccessKeyStatus) => boolean; met: (at: number) => void }>();
  const { resourceVersion } = await list(admin, { path });
  const from = { resourceVersion, timeoutSeconds, idleTimeoutMs: timeoutSeconds * 1000, signal: abort.signal };

  async function run(): Promise<void> {
    for await (const { object } of watch(admin, { path }, from)) {
      const one = waiting.get(object.metadata.name);
      if (!one?.condition((object.status ?? {}) as AccessKeyStatus)) continue;
      waiting.delete(object.metadata.name);
      one.met(performance.now());
    }
  }

  const running = run().catch((error: unknown) => {
    if (!abort.signal.aborted) throw error;
  });
  return {
    until: (name, condition) => new Promise((met) => void waiting.set(name, { condition, met })),
    async stop() {
      abort.abort();
      await running;
    },
  };
}
