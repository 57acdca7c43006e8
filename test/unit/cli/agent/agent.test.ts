import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createAgent } from '../../../../src/cli/agent/agent.ts';
import { createAgentMetrics } from '../../../../src/cli/agent/metrics.ts';
import { parseAgentOptions } from '../../../../src/cli/agent/options.ts';
import { TokenError } from '../../../../src/cli/token/token-error.ts';

const hour = 3_600_000;
let folder: string;
let stop: AbortController;
let running: Promise<void> | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-'));
  stop = new AbortController();
  await writePair(1);
});
afterEach(async () => {
  stop.abort();
  await running;
  running = undefined;
  await rm(folder, { recursive: true });
});

const inFolder = (name: string) => join(folder, name);
const readToken = () => readFile(inFolder('token'), 'utf8');
const uuid = (start: number) => `${start}0000000-0000-4000-8000-000000000000`;

async function writePair(version: number): Promise<void> {
  await writeFile(inFolder('ak'), uuid(version));
  await writeFile(inFolder('sk'), uuid(version + 5));
}

/** An agent whose clock the test sets and whose server the test fails; tokens are valid for an hour. */
function setUp() {
  const server = {
    now: 1_000_000,
    monotonic: 0,
    requests: [] as string[],
    error: undefined as TokenError | undefined,
  };
  const lines: string[] = [];
  const flags = { pairDirectory: folder, tokenFile: inFolder('token'), readyFile: inFolder('ready') };
  const metrics = createAgentMetrics();
  const agent = createAgent({
    options: parseAgentOptions({ ...flags, mode: '0600', execTimeout: '30s' }, {}),
    async requestToken(credential) {
      server.requests.push('pair' in credential ? credential.pair.ak : '');
      if (server.error) throw server.error;
      const token = `token-${server.requests.length}`;
      return { token, issuedAt: server.now, expiresAt: server.now + hour };
    },
    metrics,
    log: pino({}, { write: (line) => void lines.push(line) }),
    now: () => server.now,
    monotonic: () => server.monotonic,
    random: () => 0.5,
    environment: {},
    kill: () => undefined,
    checkIntervalMs: 1,
  });
  running = agent.run(stop.signal);
  return { server, agent, metrics, lines };
}

it('refreshes the token at half of its lifetime', async () => {
  const { server } = setUp();
  await expect.poll(readToken).toBe('token-1');
  server.now += hour / 2 - 1;
  await expect.poll(() => readdir(folder)).toContain('ready');
  expect(server.requests).toHaveLength(1);
  server.now += 1;
  await expect.poll(readToken).toBe('token-2');
});

it('refreshes the token in time after the clock was set back, and is not ready after the token has expired', async () => {
  const { server, agent, metrics } = setUp();
  server.now += 30 * 24 * hour;
  await expect.poll(readToken).toBe('token-1');
  server.now -= 30 * 24 * hour;
  await expect.poll(() => readdir(folder)).toContain('ready');
  const expiry = await metrics.registry.getSingleMetricAsString('accesskey_agent_token_expiry_timestamp_seconds');
  expect(expiry).toContain(` ${1_000 + hour / 1_000}`);
  server.error = new TokenError('unavailable', 'down');
  server.now += hour / 2;
  server.monotonic += hour / 2;
  await expect.poll(() => server.requests.length).toBe(2);
  expect(agent.isReady()).toBe(true);
  server.now -= 30 * 24 * hour;
  server.monotonic += 60_000;
  await expect.poll(() => server.requests.length).toBe(3);
  server.monotonic += hour / 2;
  expect(agent.isReady()).toBe(false);
  await expect.poll(() => readdir(folder)).not.toContain('ready');
});

it('requests a token when the key pair changes', async () => {
  const { server } = setUp();
  await expect.poll(readToken).toBe('token-1');
  await writePair(2);
  await expect.poll(() => server.requests.at(-1)).toBe(uuid(2));
});

it('keeps the token after a failure, waits for Retry-After, and is not ready after the token has expired', async () => {
  const { server, agent, metrics, lines } = setUp();
  await expect.poll(readToken).toBe('token-1');
  server.error = new TokenError('unavailable', 'down', { retryAfterSeconds: 120 });
  server.now += hour / 2;
  await expect.poll(() => server.requests.length).toBe(2);
  expect(agent.isReady()).toBe(true);
  server.now += 119_000;
  await expect.poll(() => lines.some((line) => line.includes('keeping the current one'))).toBe(true);
  expect(server.requests).toHaveLength(2);
  server.now += 1_000;
  await expect.poll(() => server.requests.length).toBe(3);
  server.now += hour;
  await expect.poll(() => readdir(folder)).not.toContain('ready');
  expect(await readToken()).toBe('token-1');
  const failures = await metrics.registry.getSingleMetricAsString('accesskey_agent_refresh_failures_total');
  expect(failures).toMatch(/reason="unavailable"\} [34]$/m);
  server.error = undefined;
  server.now += hour;
  await expect.poll(() => readdir(folder)).toContain('ready');
});

it.each([
  ['true', true],
  ['exit 3', false],
])('writes one token and knows whether the command succeeded: %s', async (exec, notified) => {
  const flags = { pairDirectory: folder, tokenFile: inFolder('token'), mode: '0600', execTimeout: '30s' };
  const agent = createAgent({
    options: parseAgentOptions({ ...flags, exec, once: true }, {}),
    requestToken: async () => ({ token: 'token-1', issuedAt: 0, expiresAt: hour }),
    ...{ metrics: createAgentMetrics(), log: pino({ level: 'silent' }) },
    ...{ now: () => 0, monotonic: () => 0, random: () => 0, environment: {}, kill: () => undefined },
  });
  expect(await agent.runOnce(stop.signal)).toEqual({ notified });
  expect(await readToken()).toBe('token-1');
});

it('ends for a token directory that does not exist', async () => {
  const options = parseAgentOptions(
    { pairDirectory: folder, tokenFile: inFolder('none/token'), mode: '0600', execTimeout: '30s' },
    {},
  );
  const unused = () => Promise.reject(new Error('not requested'));
  const agent = createAgent({
    ...{ options, requestToken: unused, metrics: createAgentMetrics(), log: pino({ level: 'silent' }) },
    ...{ now: () => 0, monotonic: () => 0, random: () => 0, environment: {}, kill: () => undefined },
  });
  await expect(agent.run(stop.signal)).rejects.toThrow(/^directory .*none: cannot be read \(ENOENT\)$/);
});
