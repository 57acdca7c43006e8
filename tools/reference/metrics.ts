import { createMetrics } from '../../src/metrics/metrics.ts';
import { table } from './markdown.ts';

/** What prom-client keeps of a metric; its types do not tell of labelNames. */
interface Metric {
  name: string;
  help: string;
  type: string;
  labelNames?: string[];
}

/** The metrics of the operator as a table in Markdown: name, type, labels and help text. */
export function metricsReference(): string {
  const { register } = createMetrics({ certificateExpiry: () => 0 });
  const metrics = register.getMetricsAsArray() as unknown as Metric[];
  const own = metrics.filter(({ name }) => !/^(process|nodejs)_/.test(name));
  const rows = own
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, type, labelNames = [], help }) => [`\`${name}\``, type, labelsOf(labelNames), help]);
  return table(['metric', 'type', 'labels', ''], rows);
}

function labelsOf(names: readonly string[]): string {
  return names
    .filter((name) => name !== 'le')
    .map((name) => `\`${name}\``)
    .join(', ');
}
