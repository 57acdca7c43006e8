import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { locatePrometheus, type PrometheusPrograms } from '../../tools/debian/test-programs.ts';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { run } from '../../tools/run-command.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { readMetrics } from '../support/metrics.ts';
import {
  accessKeyManifest,
  createNamespace,
  createPair,
  getToken,
  listDeployments,
  tokenUrl,
} from '../support/platform.ts';
import { type Prometheus, type RuleGroup, readRuleGroups, startPrometheus } from '../support/prometheus.ts';

const root = join(import.meta.dirname, '../..');
const dashboardFile = join(root, 'manifests/components/monitoring/accesskey-operator.json');

let programs: PrometheusPrograms;
let groups: RuleGroup[];
let cluster: TestCluster;
let operator: OperatorProcess;
let prometheus: Prometheus;

/** The alerts with shorter `for` durations and unchanged expressions. */
function impatient(all: readonly RuleGroup[]): RuleGroup[] {
  return all.map((group) => ({ ...group, rules: group.rules.map((rule) => ({ ...rule, for: '2s' })) }));
}

beforeAll(async () => {
  programs = await locatePrometheus();
  groups = await readRuleGroups();
  cluster = await startTestCluster();
  // Few allowed attempts, so that the test can exceed them.
  operator = await cluster.startOperator({ metrics: { perPair: true }, token: { failureThrottle: { burst: 2 } } });
  prometheus = await startPrometheus({
    program: programs.prometheus,
    directory: cluster.directory,
    target: operator.healthUrl,
    groups: impatient(groups),
  });
});
afterAll(async () => {
  await prometheus?.stop();
  await cluster?.stop();
});

describe('the alerts', () => {
  test('are valid according to promtool', async () => {
    const file = join(cluster.directory, 'alerts.yaml');
    await writeFile(file, stringify({ groups }));
    expect(await run(programs.promtool, ['check', 'rules', file])).toContain('SUCCESS');
  });

  test('pass the unit tests of promtool', async () => {
    const file = join(cluster.directory, 'alerts.test.yaml');
    await copyFile(join(root, 'test/fixtures/alerts.test.yaml'), file);
    await run(programs.promtool, ['test', 'rules', file]);
    const tested = await readFile(file, 'utf8');
    const untested = groups
      .flatMap(({ rules }) => rules)
      .filter(({ alert }) => !tested.includes(`alertname: ${alert}\n`));
    expect(untested).toEqual([]);
  });

  test('have a runbook', async () => {
    const runbooks = await readFile(join(root, 'docs/troubleshooting.md'), 'utf8');
    for (const { alert, annotations } of groups.flatMap(({ rules }) => rules)) {
      expect(annotations.runbook).toBe(`docs/troubleshooting.md#${alert.toLowerCase()}`);
      expect(runbooks).toContain(`\n### ${alert}\n`);
    }
  });

  test('fire in a real Prometheus only when there is a problem', async () => {
    // At startup there is no leader yet, and an alert may be pending because of it.
    await poll('a leader', async () => (await prometheus.query('leader_election_master_status == 1')).length > 0);
    await poll('the end of what the start left', async () => (await prometheus.query('count(ALERTS)')).length === 0);
    expect(await prometheus.query('count(ALERTS)')).toEqual([]);
    const { kubectl } = cluster;
    await createNamespace(kubectl, 'conflicts');
    await kubectl.run(['create', 'secret', 'generic', 'ann-main', '-n', 'conflicts']);
    await kubectl.apply(accessKeyManifest('conflicts', 'ann'));
    await poll('the alert', async () => (await prometheus.firing()).includes('AccessKeyPairConflict'));
    await kubectl.run(['delete', 'accesskey', 'ann', '-n', 'conflicts']);
    await poll('its end', async () => (await prometheus.firing()).length === 0);
  });
});

interface Panel {
  title: string;
  targets?: { expr: string }[];
}

async function dashboardExpressions(): Promise<[string, string][]> {
  const { panels } = JSON.parse(await readFile(dashboardFile, 'utf8')) as { panels: Panel[] };
  return panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }): [string, string] => [title, expr.replaceAll('$__rate_interval', '1m')]),
  );
}

/** @returns the metrics in an expression. Every selector names the job, which excludes metrics of other operators. */
function metricsIn(expression: string): string[] {
  return [...expression.matchAll(/([a-zA-Z_:][\w:]*)\{job="accesskey-operator"/g)].map(([, name = '']) => name);
}

async function exposedSeries(): Promise<Set<string>> {
  const text = await readMetrics(operator);
  return new Set([...text.matchAll(/^([a-zA-Z_:][\w:]*)[{ ]/gm)].map(([, name = '']) => name));
}

describe('the dashboard and the alerts', () => {
  /** Exists only with TLS; unit tests cover its name. */
  const onlyWithTls = 'accesskey_tls_certificate_expiry_seconds';
  /** Appears up to a minute after the first use; unit tests cover its name. */
  const onlyAfterUse = 'accesskey_key_pair_last_use_timestamp_seconds';
  const mayBeAbsent = ['up', onlyWithTls, onlyAfterUse];

  beforeAll(async () => {
    const { kubectl } = cluster;
    const pair = await createPair(kubectl, accessKeyManifest(await createNamespace(kubectl, 'people'), 'alice'));
    await listDeployments(operator.url, await getToken(operator.url, pair));
    const wrong = { ...pair, sk: pair.ak };
    await poll('the throttle', async () => (await fetch(tokenUrl(operator.url, wrong))).status === 429);
  });

  test('use metrics that the operator exposes', async () => {
    const rules = groups.flatMap(({ rules }) => rules).map(({ alert, expr }): [string, string] => [alert, expr]);
    const exposed = await exposedSeries();
    for (const [title, expression] of [...rules, ...(await dashboardExpressions())]) {
      const names = metricsIn(expression).filter((name) => !mayBeAbsent.includes(name));
      const selectors = expression.match(/\{/g) ?? [];
      expect(metricsIn(expression), `${title}: ${expression}`).toHaveLength(selectors.length);
      expect(selectors.length, title).toBeGreaterThan(0);
      for (const name of names) expect(exposed, title).toContain(name);
    }
  });

  test('have data for each expression in a real Prometheus', async () => {
    const expressions = (await dashboardExpressions()).filter(([, expression]) => !expression.includes(onlyWithTls));
    expect(expressions.length).toBeGreaterThan(20);
    for (const [title, expression] of expressions) {
      await poll(title, async () => (await prometheus.query(expression)).length > 0);
    }
  });
});
