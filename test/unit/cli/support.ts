import type { Cluster } from '../../../src/cli/common/cluster.ts';
import type { CliContext } from '../../../src/cli/common/context.ts';

/** A context that collects output. */
export interface TestContext extends CliContext {
  /** What was written to stdout and stderr. */
  out(): string;
  err(): string;
}

export interface TestContextOptions {
  env?: Record<string, string>;
  isTerminal?: boolean;
  now?: number;
  cluster?: Cluster;
  signal?: AbortSignal;
  stdin?: NodeJS.ReadableStream;
}

export function testContext({
  env = {},
  isTerminal = false,
  now = 0,
  cluster,
  signal = new AbortController().signal,
  stdin,
}: TestContextOptions = {}): TestContext {
  const texts = { out: '', err: '' };
  const outputTo = (stream: 'out' | 'err') => ({
    write: (text: string) => {
      texts[stream] += text;
    },
    isTerminal,
  });
  return {
    env,
    home: '/nonexistent',
    uid: undefined,
    get stdin() {
      if (stdin) return stdin;
      throw new Error('the test has no stdin');
    },
    stdinIsTerminal: false,
    stdout: outputTo('out'),
    stderr: outputTo('err'),
    now: () => now,
    signal,
    kill: () => undefined,
    version: '1.2.3',
    async connect() {
      if (!cluster) throw new Error('the test has no cluster');
      return cluster;
    },
    out: () => texts.out,
    err: () => texts.err,
  };
}
