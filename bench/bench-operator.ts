import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { freePorts } from '../tools/control-plane/ports.ts';
import { poll } from '../tools/poll.ts';

const mainFile = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** Filling the caches from a large cluster takes time. */
const readyTimeoutMs = 300_000;

/** An operator process that logs to a file, because reading the log here would affect the measurement. */
export interface BenchOperator {
  port: number;
  metrics(): Promise<OperatorMetrics>;
  stop(): Promise<void>;
}

export interface OperatorMetrics {
  /** Total CPU time of all threads, seconds. */
  cpuSeconds: number;
  /** Event loop delay since the last call, milliseconds. It includes the 10 ms of Node's sampling timer. */
  eventLoop: { mean: number; p99: number; max: number };
  /** Resident memory, and used JavaScript heap with uncollected garbage, in bytes. */
  memory: { resident: number; heap: number };
}

export interface BenchOperatorOptions {
  kubeconfig: string;
  /** Folder for the configuration and the log. */
  directory: string;
  /** Arguments of node itself. */
  nodeArguments: readonly string[];
  /** PEM files for HTTPS. If unset, plain HTTP is used. */
  tls?: { certificateFile: string; keyFile: string };
  /** Algorithm of the signing keys; default: RS256. */
  algorithm?: string;
  /** Program of the operator, for example the bundle; default: src/main.ts. */
  program?: string;
}

/** Starts an operator and waits until it is ready. Throttling is effectively disabled, so that 401s can be measured. */
export async function startBenchOperator(options: BenchOperatorOptions): Promise<BenchOperator> {
  const { kubeconfig, directory, nodeArguments, program = mainFile } = options;
  const [port = 0, healthPort = 0] = await freePorts(2);
  const config = join(directory, 'config.yaml');
  await writeFile(config, configurationFile({ port, healthPort, ...options }));
  const log = await open(join(directory, 'operator.log'), 'w');
  const args = [...nodeArguments, program, '--kubeconfig', kubeconfig, '--config', config];
  const child = spawn(process.execPath, args, { stdio: ['ignore', log.fd, 'inherit'] });
  const healthUrl = `http://127.0.0.1:${healthPort}`;
  await poll('the operator to be ready', async () => (await fetch(`${healthUrl}/readyz`)).ok, readyTimeoutMs);
  return {
    port,
    metrics: async () => readMetrics(await (await fetch(`${healthUrl}/metrics`)).text()),
    stop: () => stop(child).finally(() => log.close()),
  };
}

interface ConfigurationOptions extends Pick<BenchOperatorOptions, 'tls' | 'algorithm'> {
  port: number;
  healthPort: number;
}

function configurationFile({ port, healthPort, tls, algorithm = 'RS256' }: ConfigurationOptions): string {
  const address = '127.0.0.1';
  return stringify({
    apiVersion: 'config.ghippo.io/v1alpha1',
    kind: 'OperatorConfiguration',
    http: { address, port, ...(tls ? { tls } : { plain: true }) },
    health: { address, port: healthPort },
    token: { failureThrottle: { burst: 1_000_000, refillSeconds: 0.001 }, signingKeys: { algorithm } },
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

function readMetrics(text: string): OperatorMetrics {
  const read = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
  const delay = (name: string) => read(`nodejs_eventloop_lag_${name}_seconds`) * 1000;
  return {
    cpuSeconds: read('process_cpu_seconds_total'),
    eventLoop: { mean: delay('mean'), p99: delay('p99'), max: delay('max') },
    memory: { resident: read('process_resident_memory_bytes'), heap: read('nodejs_heap_size_used_bytes') },
  };
}
