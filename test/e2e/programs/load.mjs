// Asks for tokens and deployments without a pause, over connections that are kept and over new ones, and writes each
// second how many requests there were and which of them failed.
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { json, text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

const url = process.env.ACCESSKEY_URL;
const [ak, sk] = ['ak', 'sk'].map((key) => readFileSync(`/etc/accesskey/${key}`, 'utf8'));
const basic = `Basic ${Buffer.from(`${ak}:${sk}`).toString('base64')}`;
const counts = { requests: 0, failures: [] };

async function ask(agent, method, path, authorization) {
  const answer = await new Promise((resolve, reject) => {
    const outgoing = request(`${url}${path}`, { agent, method, headers: { authorization }, timeout: 10_000 }, resolve);
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer')));
    outgoing.on('error', reject);
    outgoing.end();
  });
  if (answer.statusCode !== 200) throw new Error(`${answer.statusCode} ${await text(answer)}`);
  return json(answer);
}

/** Asks, and notes a failure. Gives undefined then. */
async function counted(...question) {
  counts.requests += 1;
  try {
    return await ask(...question);
  } catch (error) {
    counts.failures.push(`${new Date().toISOString()} ${question[2]}: ${error.message}`);
    return undefined;
  }
}

async function goOn(agent) {
  for (;;) {
    const issued = await counted(agent, 'POST', '/apis/ghippo.io/v1alpha1/token', basic);
    const deployments = '/apis/kpanda.io/v1alpha1/clusters/kpanda-global-cluster/deployments';
    if (issued) await counted(agent, 'GET', deployments, `Bearer ${issued.token}`);
    await sleep(20);
  }
}

// As the first process of a container it would not end at SIGTERM by itself.
process.once('SIGTERM', () => process.exit());
setInterval(() => process.stdout.write(`${JSON.stringify(counts)}\n`), 1000);
for (const keepAlive of [true, true, false, false]) goOn(new Agent({ keepAlive }));
