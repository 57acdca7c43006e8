/** A real Prometheus that scrapes operators and evaluates the rules of manifests/. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { freePorts } from '../../tools/control-plane/ports.ts';
import { poll } from '../../tools/poll.ts';

const ruleFile = join(import.meta.dirname, '../../manifests/components/monitoring/prometheus-rule.yaml');

export interface AlertRule {
  alert: string;
  expr: string;
  for: string;
  labels: { severity: string };
  annotations: { summary: string; description: string; runbook: string };
}

export interface RuleGroup {
  name: string;
  rules: AlertRule[];
}

/** The alerts of manifests/components/monitoring. */
export async function readRuleGroups(): Promise<RuleGroup[]> {
  return parse(await readFile(ruleFile, 'utf8')).spec.groups;
}

export interface Series {
  metric: Record<string, string>;
  value: [number, string];
}

export interface Prometheus {
  /** Evaluates an expression now. */
  query(expression: string): Promise<Series[]>;
  /** @returns the names of the firing alerts */
  firing(): Promise<string[]>;
  stop(): Promise<void>;
}

export interface PrometheusOptions {
  /** Path of the program. */
  program: string;
  /** Folder for its files. */
  directory: string;
  /** URL of an operator's health port. */
  target: string;
  /** Rules, with `for` durations that a test can wait for. */
  groups: readonly RuleGroup[];
}

/** Starts Prometheus and waits until it has scraped. */
export async function startPrometheus(options: PrometheusOptions): Promise<Prometheus> {
  const { program, directory, target, groups } = options;
  const [port = 0] = await freePorts(1);
  const [configFile, rulesFile] = [join(directory, 'prometheus.yaml'), join(directory, 'rules.yaml')];
  await writeFile(rulesFile, stringify({ groups }));
  await writeFile(configFile, stringify(configuration(new URL(target).host, rulesFile)));
  const flags = [`--config.file=${configFile}`, `--storage.tsdb.path=${join(directory, 'prometheus-data')}`];
  const child = spawn(program, [...flags, `--web.listen-address=127.0.0.1:${port}`], { stdio: 'ignore' });
  const prometheus = client(`http://127.0.0.1:${port}`, child);
  try {
    await poll('Prometheus to scrape', async () => (await prometheus.query('up == 1')).length > 0);
  } catch (error) {
    await prometheus.stop();
    throw error;
  }
  return prometheus;
}

/** The job name is the one that the ServiceMonitor takes from the label of the Service. */
function configuration(target: string, rulesFile: string) {
  return {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: [rulesFile],
    scrape_configs: [{ job_name: 'accesskey-operator', static_configs: [{ targets: [target] }] }],
  };
}

function client(url: string, child: ChildProcess): Prometheus {
  async function get<T>(path: string): Promise<T> {
    const answer = (await (await fetch(`${url}/api/v1/${path}`)).json()) as { data: T; error?: string };
    if (answer.error !== undefined) throw new Error(`Prometheus: ${path}: ${answer.error}`);
    return answer.data;
  }
  return {
    query: async (expression) =>
      (await get<{ result: Series[] }>(`query?query=${encodeURIComponent(expression)}`)).result,
    async firing() {
      const { alerts } = await get<{ alerts: { state: string; labels: { alertname: string } }[] }>('alerts');
      return alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels.alertname);
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
