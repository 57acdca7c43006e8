import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createMetrics, type MetricSources } from '../../../src/metrics/metrics.ts';
import type { KeyFacts } from '../../../src/token/keys/facts.ts';
import { registration } from '../clusters/support.ts';

/** @returns the value of a series in an exposition, or undefined */
function seriesValue(exposition: string, series: string): number | undefined {
  const line = exposition.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

function collecting(sources: MetricSources) {
  const metrics = createMetrics();
  metrics.collect(sources);
  return metrics;
}

async function scrape(
  sources: MetricSources = {},
  use: (metrics: ReturnType<typeof createMetrics>) => void = () => {},
) {
  const metrics = collecting(sources);
  use(metrics);
  const exposition = await metrics.exposition();
  return { exposition, value: (series: string) => seriesValue(exposition, series) };
}

describe('the exposition', () => {
  it.each([
    ['workqueue_depth', 'gauge'],
    ['workqueue_adds_total', 'counter'],
    ['workqueue_retries_total', 'counter'],
    ['workqueue_queue_duration_seconds', 'histogram'],
    ['workqueue_work_duration_seconds', 'histogram'],
    ['controller_runtime_reconcile_total', 'counter'],
    ['controller_runtime_reconcile_errors_total', 'counter'],
    ['controller_runtime_reconcile_time_seconds', 'histogram'],
    ['leader_election_master_status', 'gauge'],
    ['rest_client_requests_total', 'counter'],
    ['rest_client_request_duration_seconds', 'histogram'],
    ['accesskey_token_requests_total', 'counter'],
    ['accesskey_token_sign_duration_seconds', 'histogram'],
    ['accesskey_access_reviews_total', 'counter'],
    ['accesskey_access_stale_decisions_total', 'counter'],
    ['accesskey_http_request_duration_seconds', 'histogram'],
    ['accesskey_ready', 'gauge'],
    ['accesskey_access_reviews_per_listing', 'histogram'],
    ['accesskey_accesskeys', 'gauge'],
    ['accesskey_accesskeys_not_compliant', 'gauge'],
    ['accesskey_guardrails_malformed', 'gauge'],
    ['accesskey_key_pairs', 'gauge'],
    ['accesskey_cache_age_seconds', 'gauge'],
    ['accesskey_cache_watching', 'gauge'],
    ['accesskey_signing_keys', 'gauge'],
    ['accesskey_signing_key_age_seconds', 'gauge'],
    ['accesskey_signing_keys_broken', 'gauge'],
    ['accesskey_cluster_up', 'gauge'],
    ['accesskey_cluster_registrations', 'gauge'],
    ['process_cpu_seconds_total', 'counter'],
    ['nodejs_eventloop_lag_seconds', 'gauge'],
  ])('has %s, a %s, with a help text', async (name, type) => {
    const { exposition } = await scrape();
    expect(exposition).toMatch(new RegExp(`^# HELP ${name} \\S.*\n# TYPE ${name} ${type}$`, 'm'));
  });

  it('has its own registry', async () => {
    const busy = await scrape({}, ({ token }) => token.requested('granted'));
    const idle = await scrape();
    expect(busy.value('accesskey_token_requests_total{result="granted"}')).toBe(1);
    expect(idle.value('accesskey_token_requests_total{result="granted"}')).toBe(0);
  });

  it('has the content type of the text format', () => {
    expect(createMetrics().contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
  });
});

describe('signing keys', () => {
  const key = (state: KeyFacts['state'], activatedAt?: number): KeyFacts => ({
    kid: `kid-${state}`,
    algorithm: 'RS256',
    state,
    createdAt: 1000,
    ...(activatedAt !== undefined && { activatedAt }),
  });
  const measured = (facts: KeyFacts[], broken = false) => ({ facts: () => facts, isBroken: () => broken });

  it('are counted by state, with the age of the active one and without a kid', async () => {
    const signingKeys = measured([key('active', 3000), key('next'), key('retired', 2000), key('retired', 1000)], true);
    vi.useFakeTimers({ now: 63_000, toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const { value, exposition } = await scrape({ signingKeys });
    const count = (state: string) => value(`accesskey_signing_keys{state="${state}"}`);
    expect([count('active'), count('next'), count('retired')]).toEqual([1, 1, 2]);
    expect(value('accesskey_signing_key_age_seconds')).toBe(60);
    expect(value('accesskey_signing_keys_broken')).toBe(1);
    expect(exposition).not.toContain('kid-');
  });

  it.each([
    [30, 2_592_000],
    [0, undefined],
  ])('have the period of %i days as %s seconds', async (rotationDays, seconds) => {
    const { value } = await scrape({ rotationDays });
    expect(value('accesskey_signing_key_rotation_period_seconds')).toBe(seconds);
  });

  it('are 0 and not broken before they are loaded', async () => {
    const { value } = await scrape();
    expect(value('accesskey_signing_keys{state="active"}')).toBe(0);
    expect(value('accesskey_signing_keys_broken')).toBe(0);
  });
});

describe('a work queue', () => {
  it('has its series from the start', async () => {
    const { value } = await scrape({}, (metrics) => void metrics.workQueue('accesskey'));
    for (const metric of ['depth', 'adds_total', 'retries_total']) {
      expect(value(`workqueue_${metric}{name="accesskey"}`)).toBe(0);
    }
    expect(value('controller_runtime_reconcile_errors_total{controller="accesskey"}')).toBe(0);
    for (const result of ['success', 'error', 'requeue_after']) {
      expect(value(`controller_runtime_reconcile_total{controller="accesskey",result="${result}"}`)).toBe(0);
    }
  });

  it('is measured', async () => {
    const { value } = await scrape({}, (metrics) => {
      const queue = metrics.workQueue('accesskey');
      queue.added();
      queue.added();
      queue.depth(2);
      queue.started(0.5);
      queue.handled('success', 2);
      queue.handled('error', 3);
      queue.retried();
    });
    const name = '{name="accesskey"}';
    const controller = 'controller="accesskey"';
    expect(value(`workqueue_adds_total${name}`)).toBe(2);
    expect(value(`workqueue_depth${name}`)).toBe(2);
    expect(value(`workqueue_retries_total${name}`)).toBe(1);
    expect(value(`workqueue_queue_duration_seconds_sum${name}`)).toBe(0.5);
    expect(value(`workqueue_work_duration_seconds_sum${name}`)).toBe(5);
    expect(value(`controller_runtime_reconcile_total{${controller},result="success"}`)).toBe(1);
    expect(value(`controller_runtime_reconcile_total{${controller},result="error"}`)).toBe(1);
    expect(value(`controller_runtime_reconcile_total{${controller},result="requeue_after"}`)).toBe(0);
    expect(value(`controller_runtime_reconcile_errors_total{${controller}}`)).toBe(1);
    expect(value(`controller_runtime_reconcile_time_seconds_count{${controller}}`)).toBe(2);
  });
});

describe('requests', () => {
  it('to the API server are counted', async () => {
    const sent = { method: 'PATCH', host: '10.0.0.1:6443', code: '409', seconds: 0.2 } as const;
    const { value } = await scrape({}, ({ transport }) => transport.requested(sent));
    expect(value('rest_client_requests_total{code="409",method="PATCH",host="10.0.0.1:6443"}')).toBe(1);
    expect(value('rest_client_request_duration_seconds_sum{verb="PATCH",host="10.0.0.1:6443"}')).toBe(0.2);
  });

  it('to an API server are no longer reported once its last transport is closed', async () => {
    const metrics = createMetrics();
    const { transport } = metrics;
    const send = (host: string) => {
      for (const code of ['200', '404']) transport.requested({ method: 'GET', host, code, seconds: 0.1 });
    };
    const reported = async () => {
      const series = (await metrics.exposition()).matchAll(/^rest_client_.*host="([^"]+)"/gm);
      return [...new Set([...series].map(([, host]) => host))].sort();
    };
    for (const host of ['local', 'west', 'west']) {
      transport.opened(host);
      send(host);
    }
    transport.closed('west');
    expect(await reported()).toEqual(['local', 'west']);
    transport.closed('west');
    expect(await reported()).toEqual(['local']);
    transport.opened('west');
    send('west');
    expect(await reported()).toEqual(['local', 'west']);
  });

  it('for tokens are counted by result', async () => {
    const { value } = await scrape({}, ({ token }) => {
      token.requested('refused');
      token.requested('invalid');
      token.requested('invalid');
      token.signed(0.001);
    });
    const total = (result: string) => value(`accesskey_token_requests_total{result="${result}"}`);
    expect([total('granted'), total('refused'), total('invalid')]).toEqual([0, 1, 2]);
    expect(value('accesskey_token_sign_duration_seconds_count')).toBe(1);
  });

  it('to the platform API are measured by route and status', async () => {
    const { value } = await scrape({}, ({ http }) => {
      http.completed({ route: '/oauth2/token', status: 429, seconds: 0.5 });
      http.completed({ route: '/oauth2/token', status: 429, seconds: 0.25 });
    });
    const labels = '{route="/oauth2/token",code="429"}';
    expect(value(`accesskey_http_request_duration_seconds_count${labels}`)).toBe(2);
    expect(value(`accesskey_http_request_duration_seconds_sum${labels}`)).toBe(0.75);
  });

  it('for access reviews are counted by result and listing', async () => {
    const { value } = await scrape({}, ({ access }) => {
      access.reviewed('denied');
      access.usedStaleDecision();
      access.listed(0);
      access.listed(4);
    });
    const total = (result: string) => value(`accesskey_access_reviews_total{result="${result}"}`);
    expect([total('allowed'), total('denied'), total('error')]).toEqual([0, 1, 0]);
    expect(value('accesskey_access_stale_decisions_total')).toBe(1);
    const listings = (most: string) => value(`accesskey_access_reviews_per_listing_bucket{le="${most}"}`);
    expect([listings('0'), listings('2'), listings('5')]).toEqual([1, 1, 2]);
  });
});

describe('gauges that are read at a scrape', () => {
  it('show whether the guardrails are malformed', async () => {
    let malformed = true;
    const metrics = collecting({ areGuardrailsMalformed: () => malformed });
    const value = async () => seriesValue(await metrics.exposition(), 'accesskey_guardrails_malformed');
    expect(await value()).toBe(1);
    malformed = false;
    expect(await value()).toBe(0);
  });

  it('count AccessKeys by Ready and key pairs by state', async () => {
    const ann = { ready: 'True' as const, isCompliant: true, pairs: ['Active', 'Disabled'] };
    const bob = { ready: 'False' as const, isCompliant: false, pairs: ['Active'] };
    let accessKeys = [ann, bob];
    const metrics = collecting({ accessKeys: () => accessKeys });
    const first = await metrics.exposition();
    const ready = (exposition: string) =>
      ['True', 'False', 'Unknown'].map((status) => seriesValue(exposition, `accesskey_accesskeys{ready="${status}"}`));
    const pairs = (exposition: string) =>
      ['Active', 'Disabled', 'Expired'].map((state) =>
        seriesValue(exposition, `accesskey_key_pairs{state="${state}"}`),
      );
    expect([ready(first), pairs(first)]).toEqual([
      [1, 1, 0],
      [2, 1, undefined],
    ]);
    expect(seriesValue(first, 'accesskey_accesskeys_not_compliant')).toBe(1);
    accessKeys = [bob];
    const second = await metrics.exposition();
    expect([ready(second), pairs(second)]).toEqual([
      [0, 1, 0],
      [1, 0, undefined],
    ]);
  });

  it('have the expiry of the certificate if there is one', async () => {
    const series = 'accesskey_tls_certificate_expiry_seconds';
    expect((await scrape({ certificateExpiry: () => 1_800_000_000 })).value(series)).toBe(1_800_000_000);
    expect((await scrape()).exposition).not.toContain(series);
  });

  it('show which registered clusters are up, and drop those that are no longer registered', async () => {
    const report = (state: 'available' | 'refused') => ({ registration: registration(), state, detail: '' });
    let up = new Map([
      ['west', true],
      ['east', false],
    ]);
    const metrics = collecting({
      clusters: { reports: () => [report('available'), report('refused')], up: () => up },
    });
    const ups = (exposition: string) =>
      ['west', 'east'].map((name) => seriesValue(exposition, `accesskey_cluster_up{cluster="${name}"}`));
    const first = await metrics.exposition();
    expect(ups(first)).toEqual([1, 0]);
    const counts = ['connecting', 'available', 'unavailable', 'refused'].map((state) =>
      seriesValue(first, `accesskey_cluster_registrations{state="${state}"}`),
    );
    expect(counts).toEqual([0, 1, 0, 1]);
    up = new Map([['east', true]]);
    expect(ups(await metrics.exposition())).toEqual([undefined, 1]);
  });

  it('show whether the process is ready', async () => {
    let ready = false;
    const metrics = collecting({ isReady: () => ready });
    expect(seriesValue(await metrics.exposition(), 'accesskey_ready')).toBe(0);
    ready = true;
    expect(seriesValue(await metrics.exposition(), 'accesskey_ready')).toBe(1);
  });

  it('show whether the process is the leader', async () => {
    let leads = false;
    const metrics = collecting({ leaderElection: { name: 'accesskey-operator', isLeader: () => leads } });
    const series = 'leader_election_master_status{name="accesskey-operator"}';
    expect(seriesValue(await metrics.exposition(), series)).toBe(0);
    leads = true;
    expect(seriesValue(await metrics.exposition(), series)).toBe(1);
  });

  it('show how fresh each cache is, with no age for one that was never filled', async () => {
    const filled = { resourceVersion: '7', ageSeconds: 2.5, watching: true };
    const empty = { resourceVersion: undefined, ageSeconds: Number.POSITIVE_INFINITY, watching: false };
    const caches = [
      { cluster: 'home', cache: 'deployments', resource: 'deployments', freshness: () => filled },
      { cluster: 'east', cache: 'deployments', resource: 'deployments', freshness: () => empty },
    ];
    const metrics = collecting({ caches: () => caches });
    const read = async (name: string) => {
      const exposition = await metrics.exposition();
      return ['home', 'east'].map((cluster) =>
        seriesValue(
          exposition,
          `accesskey_cache_${name}{cluster="${cluster}",cache="deployments",resource="deployments"}`,
        ),
      );
    };
    expect(await read('age_seconds')).toEqual([2.5, undefined]);
    expect(await read('watching')).toEqual([1, 0]);
    caches.pop();
    expect(await read('watching')).toEqual([1, undefined]);
  });
});
