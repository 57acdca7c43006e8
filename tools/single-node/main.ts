import { parseArgs } from 'node:util';
import { startSingleNode } from './single-node.ts';

const usage = `Usage: npm run single-node

Runs a cluster of one real node on this machine, as root, until SIGTERM or SIGINT (Control-C), and leaves nothing behind.
It prints where the administrator's kubeconfig is.
`;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { help: { type: 'boolean', default: false } } });
  if (values.help) return void process.stdout.write(usage);
  const end = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => end.abort());
  const log = (line: string) => process.stderr.write(`${line}\n`);
  // What aborts the start also stops the node when it has started.
  const { kubeconfig } = await startSingleNode({ log, signal: end.signal });
  process.stdout.write(`Ready\nexport KUBECONFIG=${kubeconfig}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
});
