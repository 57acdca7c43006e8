/**
 * Measures what an operator without load costs: CPU time until it is ready, and memory when idle. Alternates between
 * programs, so that they run under the same conditions, and compares each with an empty Node.js process.
 *
 *   npm run bench:footprint -- [--runs 3] [--idle-seconds 30] [--program FILE]...
 */
import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { startOperator } from '../tools/operator-process.ts';
import { withCluster } from './cluster.ts';
import { bundle, startOptions } from './settled.ts';
import { print } from './tables.ts';

const several = { type: 'string', multiple: true } as const;
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    'idle-seconds': { type: 'string', default: '30' },
    program: { ...several, default: ['src/main.ts', bundle] },
  },
});
const idleSeconds = Number(values['idle-seconds']);
/** Clock ticks per second in /proc, fixed on Linux. */
const ticksPerSecond = 100;

interface Footprint {
  /** CPU time of all threads from the start until /readyz returns 200, seconds. */
  cpuSeconds: number;
  /** Resident memory after the idle time, and its part that no file backs, MiB. */
  resident: number;
  anonymous: number;
}

async function measure(program: string, args: readonly string[]): Promise<Footprint> {
  const operator = await startOperator(args, startOptions(program));
  try {
    await operator.ready();
    const cpuSeconds = await cpuTime(operator.process.pid);
    await sleep(idleSeconds * 1000);
    return { cpuSeconds, ...(await memory(operator.process.pid)) };
  } finally {
    await operator.stop();
  }
}

/** An empty process of the same Node.js: nothing written in JavaScript can use less. */
async function emptyProcess(): Promise<Footprint> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' });
  try {
    await sleep(2000);
    return { cpuSeconds: await cpuTime(child.pid), ...(await memory(child.pid)) };
  } finally {
    child.kill();
  }
}

async function cpuTime(pid: number | undefined): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // proc_pid_stat(5): utime and stime are fields 14 and 15; the name, field 2, may contain spaces.
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13);
  return (Number(user) + Number(system)) / ticksPerSecond;
}

async function memory(pid: number | undefined): Promise<Pick<Footprint, 'resident' | 'anonymous'>> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  const read = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1]) / 1024;
  return { resident: read('Rss'), anonymous: read('Anonymous') };
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

function report(name: string, all: readonly Footprint[]): void {
  const column = (key: keyof Footprint, digits: number) => {
    const list = all.map((one) => one[key]);
    return `${median(list).toFixed(digits)} (${list.map((one) => one.toFixed(digits)).join(', ')})`;
  };
  print(`| ${name} | ${column('cpuSeconds', 2)} | ${column('resident', 0)} | ${column('anonymous', 0)} |`);
}

await withCluster(async ({ directory, kubeconfig }) => {
  const config = join(directory, 'config.yaml');
  const loopback = { address: '127.0.0.1', port: 0 };
  const kind = { apiVersion: 'config.ghippo.io/v1alpha1', kind: 'OperatorConfiguration' };
  const http = { ...loopback, plain: true, shutdownDelaySeconds: 0 };
  await writeFile(config, stringify({ ...kind, http, health: loopback }));
  const results = new Map<string, Footprint[]>(values.program.map((program) => [program, []]));
  const empty: Footprint[] = [];
  for (let run = 0; run < Number(values.runs); run += 1) {
    empty.push(await emptyProcess());
    for (const [program, list] of results) {
      list.push(await measure(program, ['--kubeconfig', kubeconfig, '--config', config]));
    }
  }
  print('| program | CPU s until ready | MiB idle | MiB idle, anonymous |\n|---|---|---|---|');
  report('empty Node.js process', empty);
  for (const [program, list] of results) report(program, list);
});
