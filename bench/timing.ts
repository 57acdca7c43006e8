/**
 * Checks whether the response time reveals that an ak exists. Compares requests with an unknown ak and with a wrong sk
 * over loopback, in random order, with the Mann-Whitney rank-sum test. This is a benchmark instead of a test because
 * the result also depends on the machine. An ak is not secret, so differences caused by CPU caches are acceptable.
 *
 *   node bench/timing.ts [--samples 20000] [--access-keys 1000]
 *
 * For reference, it also compares two halves of the requests with an unknown ak. A |z| below 3 is not significant.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { getRequestListener } from '@hono/node-server';
import { Pool } from 'undici';
import { createApp } from '../src/http/app.ts';
import { generateSigningKeys, parseSigningKeys } from '../src/token/keys/signing-keys.ts';
import { accessKey, caches, keyPair, keyPolicy, secret } from '../test/support/builders.ts';
import { httpDependencies } from '../test/support/http-dependencies.ts';
import { print } from './tables.ts';

const { values } = parseArgs({
  options: { samples: { type: 'string', default: '20000' }, 'access-keys': { type: 'string', default: '1000' } },
});
const samples = Number(values.samples);
const count = Number(values['access-keys']);
const warmUp = 2_000;

function createPlatform() {
  const accessKeys = Array.from({ length: count }, (_, n) => accessKey({ name: `u${n}`, user: `u${n}` }));
  const secrets = accessKeys.map((of, n) => secret({ of, keys: keyPair(n + 1) }));
  const content = caches({ accessKeys, secrets });
  return createApp(httpDependencies(content, { signingKeys: () => keys, now: Date.now }));
}

/**
 * Returns z of the rank-sum test: the difference of two samples in standard deviations. Ties get their average rank.
 */
function rankSum(left: readonly number[], right: readonly number[]): number {
  const all = [...left.map((time) => ({ time, isLeft: true })), ...right.map((time) => ({ time, isLeft: false }))];
  all.sort((a, b) => a.time - b.time);
  let ranks = 0;
  for (let start = 0, end = 0; start < all.length; start = end) {
    while (end < all.length && all[end]?.time === all[start]?.time) end += 1;
    const rank = (start + end + 1) / 2;
    ranks += rank * all.slice(start, end).filter(({ isLeft }) => isLeft).length;
  }
  const [n, m] = [left.length, right.length];
  return (ranks - (n * (n + m + 1)) / 2) / Math.sqrt((n * m * (n + m + 1)) / 12);
}

const median = (times: readonly number[]) => times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0;

async function main(): Promise<void> {
  const server = createServer(getRequestListener(createPlatform().fetch)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const pool = new Pool(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { connections: 1 });
  const wrongSk = keyPair(9_999_999).sk;

  /** Returns the duration of a request in microseconds. */
  async function measureRequest(ak: string): Promise<number> {
    const startedAt = process.hrtime.bigint();
    const response = await pool.request({ method: 'GET', path: `/api/v1/cube/key/token?ak=${ak}&sk=${wrongSk}` });
    await response.body.dump();
    if (response.statusCode !== 401) throw new Error(`unexpected status ${response.statusCode}`);
    return Number(process.hrtime.bigint() - startedAt) / 1000;
  }

  const times = { known: [] as number[], unknown: [] as number[] };
  for (let index = -warmUp; index < samples; index += 1) {
    const kind = Math.random() < 0.5 ? 'known' : 'unknown';
    const n = 1 + Math.floor(Math.random() * count);
    const duration = await measureRequest(keyPair(kind === 'known' ? n : n + 1_000_000).ak);
    if (index >= 0) times[kind].push(duration);
  }
  const halves = [0, 1].map((half) => times.unknown.filter((_, index) => index % 2 === half));
  print(`wrong sk:   ${times.known.length} requests, median ${median(times.known).toFixed(1)} µs`);
  print(`unknown ak: ${times.unknown.length} requests, median ${median(times.unknown).toFixed(1)} µs`);
  print(`z of wrong sk and unknown ak:     ${rankSum(times.known, times.unknown).toFixed(2)}`);
  print(`z of two halves of unknown ak:    ${rankSum(halves[0] ?? [], halves[1] ?? []).toFixed(2)}`);
  await pool.close();
  server.close();
}

const keys = await parseSigningKeys(await generateSigningKeys(new Date(), keyPolicy));
await main();
