/**
 * Measures what the tokens in Secrets (`keyPairs[].token`) cost: when they are requested, after a restart, and when they
 * are renewed, in addition to the same key pairs without tokens.
 *
 *   npm run bench:secret-tokens -- [--access-keys 10000]
 */
import { parseArgs } from 'node:util';
import { annotations } from '../src/credential/secret-format.ts';
import { parseTokenRecord } from '../src/credential/token-record.ts';
import type { Transport } from '../src/kube/transport.ts';
import type { OperatorProcess, StartOptions } from '../tools/operator-process.ts';
import { createAccessKeys, createNamespaces, fillConcurrency, namespaceOf, namespaces, pathOf } from './access-keys.ts';
import { type BenchCluster, forEachNumber, get, patch, withCluster } from './cluster.ts';
import { type Progress, startScaleOperator, type Usage, untilSettled } from './settled.ts';
import { print } from './tables.ts';

const validForHours = 24;
const { values } = parseArgs({ options: { 'access-keys': { type: 'string', default: '10000' } } });
const accessKeys = Number(values['access-keys']);

const isReady = ({ ready, reconciled }: Progress) => ready === accessKeys && reconciled >= accessKeys;
const unused: Usage = { cpuSeconds: 0, mebibytes: 0, heapMebibytes: 0, writes: 0, reads: 0 };

async function main(cluster: BenchCluster): Promise<void> {
  const { admin } = cluster;
  await createNamespaces(admin);
  await createAccessKeys(admin, { to: accessKeys, keyPairs: ['one'] });
  print(`| ${accessKeys} AccessKeys with one key pair | s | CPU s | writes | reads | memory, MiB | CPU ms per token |`);
  print('|---|---|---|---|---|---|---|');
  await withOperator(cluster, async (operator) => {
    const created = await measure('created without tokens', operator, { isDone: isReady });
    const request = forEachNumber({ to: accessKeys, concurrency: fillConcurrency }, (n) => requestToken(admin, n));
    await measure('tokens requested', operator, { since: created, isDone: () => issuedBy(operator) >= accessKeys });
    await request;
  });
  await withOperator(cluster, (operator) => measure('restarted', operator, { isDone: isReady }));
  await printSpread(admin);
  const isRenewed = (operator: OperatorProcess) => () => issuedBy(operator) >= accessKeys;
  await withOperator(
    cluster,
    (operator) => measure('all renewed at once', operator, { isDone: isRenewed(operator) }),
    clockAheadBy(validForHours / 2),
  );
}

/** Runs an action with a new operator. */
async function withOperator(
  cluster: BenchCluster,
  action: (operator: OperatorProcess) => Promise<unknown>,
  options: StartOptions = {},
): Promise<void> {
  const operator = await startScaleOperator(cluster, options);
  try {
    await action(operator);
  } finally {
    await operator.stop();
  }
}

/**
 * Waits until the operator has settled, and prints a row of the table.
 *
 * @param since what the operator had used before; default: nothing
 */
async function measure(
  what: string,
  operator: OperatorProcess,
  { since = unused, isDone }: { since?: Usage; isDone: (progress: Progress) => boolean },
): Promise<Usage> {
  const startedAt = performance.now();
  const { settledAt, ...usage } = await untilSettled(operator, isDone);
  const [seconds, cpu] = [(settledAt - startedAt) / 1000, usage.cpuSeconds - since.cpuSeconds];
  const perToken = ((cpu / accessKeys) * 1000).toFixed(2);
  const requests = [usage.writes - since.writes, usage.reads - since.reads];
  print(`| ${[what, seconds.toFixed(1), cpu.toFixed(1), ...requests, usage.mebibytes, perToken].join(' | ')} |`);
  return usage;
}

/** The number of audit records of issued tokens. */
function issuedBy({ output }: OperatorProcess): number {
  return output.filter((line) => line.includes('"event":"token.issued"')).length;
}

/** A wall clock that is constantly ahead. Cheaper than one that a test can shift while the process runs. */
function clockAheadBy(hours: number): StartOptions {
  const ms = hours * 3_600_000;
  const code = `const Real = Date;
globalThis.Date = class extends Real {
  constructor(...args) { super(...(args.length === 0 ? [Real.now() + ${ms}] : args)); }
  static now() { return Real.now() + ${ms}; }
};`;
  return { nodeArguments: ['--import', `data:text/javascript,${encodeURIComponent(code)}`] };
}

/** Prints how the times of the next renewals are distributed. */
async function printSpread(admin: Transport): Promise<void> {
  const times: number[] = [];
  for (let n = 0; n < namespaces; n += 1) {
    const { items } = JSON.parse(await get(admin, `/api/v1/namespaces/${namespaceOf(n)}/secrets`)) as SecretList;
    times.push(
      ...items.flatMap(({ metadata }) => parseTokenRecord(metadata.annotations?.[annotations.token])?.renewAt ?? []),
    );
  }
  times.sort((a, b) => a - b);
  const [first = 0, last = 0] = [times[0], times.at(-1)];
  const minutes = new Map<number, number>();
  for (const time of times) minutes.set(Math.floor(time / 60_000), (minutes.get(Math.floor(time / 60_000)) ?? 0) + 1);
  const hours = ((last - first) / 3_600_000).toFixed(2);
  print(`renewals of ${times.length} tokens within ${hours} h, at most ${Math.max(...minutes.values())} in a minute`);
}

interface SecretList {
  items: { metadata: { annotations?: Record<string, string> } }[];
}

async function requestToken(admin: Transport, n: number): Promise<void> {
  const token = { key: 'token', validFor: `${validForHours}h` };
  await patch(admin, pathOf(n), { spec: { keyPairs: [{ name: 'one', token }] } });
}

await withCluster(main);
