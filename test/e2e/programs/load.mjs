// Asks for tokens and deployments without a pause, over connections that are kept and over new ones, and writes each
// second how many requests there were and which of them failed.
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { Agent } from 'node:http';

const url = process.env.ACCESSKEY_URL;
const [ak, sk] = ['ak', 'sk'].map((key) => readFileSync(`/etc/accesskey/${key}`, 'utf8'));
const basic = `Basic ${Buffer.from(`${ak}:${sk}`).toString('base64')}`;
const counts = { requests: 0, failures: [] };

function ask(agent, method, path, authorization) {
  return new Promise((resolve, reject) => {
    const outgoing = request(`${url}${path}`, { agent, method, headers: { authorization }, timeout: 10_000 }, (answer) => {
      let text = '';
      answer.on('data', (part) => {
        text += part;
      });
      answer.on('end', () => (answer.statusCode === 200 ? resolve(JSON.parse(text)) : reject(new Error(`${answer.statusCode} ${text}`))));
      answer.on('error', reject);
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer')));
    outgoing.on('error', reject);
    outgoing.end();
  });
}

async function counted(work) {
  counts.requests += 1;
  return work.catch((error) => counts.failures.push(`${new Date().toISOString()} ${error.message}`) && {});
}

async function goOn(agent) {
  for (;;) {
    const { token } = await counted(ask(agent, 'POST', '/apis/ghippo.io/v1alpha1/token', basic));
    if (token === undefined) continue;
    await counted(ask(agent, 'GET', '/apis/kpanda.io/v1alpha1/clusters/kpanda-global-cluster/deployments', `Bearer ${token}`));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

process.once('SIGTERM', () => process.exit());
setInterval(() => process.stdout.write(`${JSON.stringify(counts)}\n`), 1000);
for (const keepAlive of [true, true, false, false]) goOn(new Agent({ keepAlive }));
