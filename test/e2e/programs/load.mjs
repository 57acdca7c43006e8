// Requests tokens and deployments continuously, over persistent and new connections. Prints the number of requests and the
// failed ones every second.
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { json, text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

const url = process.env.ACCESSKEY_URL;
const [ak, sk] = ['ak', 'sk'].map((key) => readFileSync(`/etc/accesskey/${key}`, 'utf8'));
const basic = `Basic ${Buffer.from(`${ak}:${sk}`).toString('base64')}`;
const counts = { requests: 0, failures: [] };

async function send(agent, method, path, authorization) {
  const answer = await new Promise((resolve, reject) => {
    const outgoing = request(`${url}${path}`, { agent, method, headers: { authorization }, timeout: 10_000 }, resolve);
    outgoing.on('timeout', () => outgoing.destroy(new Error('no response')));
    outgoing.on('error', reject);
    outgoing.end();
  });
  if (answer.statusCode !== 200) throw new Error(`${answer.statusCode} ${await text(answer)}`);
  return json(answer);
}

/** @returns the response, or undefined after recording a failure */
async function counted(...args) {
  counts.requests += 1;
  try {
    return await send(...args);
  } catch (error) {
    counts.failures.push(`${new Date().toISOString()} ${args[2]}: ${error.message}`);
    return undefined;
  }
}

async function run(agent) {
  for (;;) {
    const issued = await counted(agent, 'POST', '/apis/ghippo.io/v1alpha1/token', basic);
    const deployments = '/apis/kpanda.io/v1alpha1/clusters/kpanda-global-cluster/deployments';
    if (issued) await counted(agent, 'GET', deployments, `Bearer ${issued.token}`);
    await sleep(20);
  }
}

// The first process of a container ignores SIGTERM by default.
process.once('SIGTERM', () => process.exit());
setInterval(() => process.stdout.write(`${JSON.stringify(counts)}\n`), 1000);
for (const keepAlive of [true, true, false, false]) run(new Agent({ keepAlive }));
