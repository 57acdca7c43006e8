interface Scraped {
  /** URL of the health port. */
  readonly healthUrl: string;
}

/** The metrics of an operator, as Prometheus reads them. */
export async function readMetrics({ healthUrl }: Scraped): Promise<string> {
  return (await fetch(`${healthUrl}/metrics`)).text();
}

/** @returns the value of one series, such as `up{job="x"}`, or undefined if there is none */
export async function metricValue(operator: Scraped, series: string): Promise<number | undefined> {
  return valueIn(await readMetrics(operator), series);
}

/** @returns the value of one series in the text of /metrics, or undefined if there is none */
export function valueIn(metrics: string, series: string): number | undefined {
  const line = metrics.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}
