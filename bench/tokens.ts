/**
 * Measures the tokens per second that the operator issues, compared with the limit of the machine: the signatures per
 * second of OpenSSL on both cores. The limit is measured in the same run, before and after each load.
 *
 *   npm run bench:tokens -- [--seconds 10] [--connections 32] [--access-keys 300] [--replicas 1] [--only NAME]
 *     [--algorithm RS256|ES256|Ed25519] [--program dist/operator/main.js] [--profile DIRECTORY]
 *
 * The load generator, the operator and an idle control plane share the cores. With several replicas, the connections
 * are distributed over them, as by a Service.
 */
import { mkdir } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type BenchOperator, type OperatorMetrics, startBenchOperator } from './bench-operator.ts';
import { type BenchCluster, withCluster } from './cluster.ts';
import { runLoad } from './load-generator.ts';
import { benchAlgorithms, machineCpuSeconds, signaturesPerSecond } from './machine.ts';
import { print, type TokenRow, tokenTableHead, tokenTableRow } from './tables.ts';
import { createPairs, exchangeLoads, type TargetedLoad, tokenLoads } from './token-loads.ts';

const cores = 2;
const warmUpSeconds = 3;

const option = (value: string) => ({ type: 'string', default: value }) as const;
const { values } = parseArgs({
  options: {
    seconds: option('10'),
    connections: option('32'),
    'access-keys': option('300'),
    replicas: option('1'),
    only: option(''),
    algorithm: option('RS256'),
    program: { type: 'string' },
    profile: { type: 'string' },
  },
});
const seconds = Number(values.seconds);
const connections = Number(values.connections);
const accessKeys = Number(values['access-keys']);
const replicas = Number(values.replicas);
const algorithm = benchAlgorithms.find((one) => one === values.algorithm);
if (!algorithm) throw new Error(`--algorithm must be one of ${benchAlgorithms.join(', ')}`);

type Replicas = readonly [BenchOperator, ...BenchOperator[]];

async function main({ controlPlane, kubectl, admin, directory, kubeconfig }: BenchCluster): Promise<void> {
  const nodeArguments = values.profile ? ['--cpu-prof', `--cpu-prof-dir=${values.profile}`] : [];
  const startReplica = async (n: number) => {
    const replicaDirectory = join(directory, `replica-${n}`);
    await mkdir(replicaDirectory);
    const { program } = values;
    return startBenchOperator({
      kubeconfig,
      directory: replicaDirectory,
      nodeArguments,
      ...(algorithm && { algorithm }),
      ...(program !== undefined && { program }),
    });
  };
  const operators: [BenchOperator, ...BenchOperator[]] = [await startReplica(0)];
  try {
    while (operators.length < replicas) operators.push(await startReplica(operators.length));
    const loads = tokenLoads(await createPairs(admin, accessKeys)).map((load) => ({ load, targets: operators }));
    await measureAll(operators, [...loads, ...(await exchangeLoads(operators, kubectl, controlPlane))]);
  } finally {
    await Promise.all(operators.map((operator) => operator.stop()));
  }
}

/** Measures the limit right before and after each load, so that other activity on the machine affects both. */
async function measureAll(operators: Replicas, all: readonly TargetedLoad[]): Promise<void> {
  const loads = all.filter(({ load }) => load.name.includes(values.only));
  for (const load of loads) await runLoad({ ...load, connections, seconds: warmUpSeconds });
  const parameters = `${connections} connections, ${replicas} replicas, ${seconds} s each`;
  print(`load average ${loadavg()[0]?.toFixed(2)}, ${values.algorithm}, ${2 * accessKeys} pairs, ${parameters}`);
  print(tokenTableHead);
  let before = await limit();
  for (const load of loads) {
    const row = await measure(operators, load);
    const after = await limit();
    print(tokenTableRow({ ...row, limits: [before, after] }));
    before = after;
  }
}

const limit = () => signaturesPerSecond(algorithm ?? 'RS256', cores);

async function measure(operators: Replicas, { load, targets }: TargetedLoad): Promise<Omit<TokenRow, 'limits'>> {
  const before = await metricsOf(operators);
  const machineCpuBefore = machineCpuSeconds();
  const result = await runLoad({ load, targets, connections, seconds });
  const machineCpu = machineCpuSeconds() - machineCpuBefore;
  const after = await metricsOf(operators);
  const operatorCpu = after.cpuSeconds - before.cpuSeconds;
  return { name: load.name, result, operatorCpu, machineCpu, delay: after.eventLoop };
}

/** Returns the total CPU time and the maximum event loop delays of all replicas. */
async function metricsOf(operators: Replicas): Promise<Pick<OperatorMetrics, 'cpuSeconds' | 'eventLoop'>> {
  const all = await Promise.all(operators.map((operator) => operator.metrics()));
  const max = (delay: keyof OperatorMetrics['eventLoop']) => Math.max(...all.map(({ eventLoop }) => eventLoop[delay]));
  return {
    cpuSeconds: all.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    eventLoop: { mean: max('mean'), p99: max('p99'), max: max('max') },
  };
}

await withCluster(main);
