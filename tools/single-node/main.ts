/** Runs a single node as a process, for tests. */
import { parseArgs } from 'node:util';
import { startSingleNode } from './single-node.ts';

const usage = `Usage: node tools/single-node/main.ts

Runs a cluster with one real node on this machine until SIGTERM or SIGINT (Ctrl-C), and removes all its files at the end.
Requires root. Prints the path of the administrator's kubeconfig.
`;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { help: { type: 'boolean', default: false } } });
  if (values.help) return void process.stdout.write(usage);
  const end = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => end.abort());
  const log = (line: string) => process.stderr.write(`${line}\n`);
  // The signal also stops a running node.
  const { kubeconfig } = await startSingleNode({ log, signal: end.signal });
  process.stdout.write(`Ready\nexport KUBECONFIG=${kubeconfig}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
});
