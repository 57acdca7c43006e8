import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };
import type { Finding } from '../../src/cli/doctor/finding.ts';
import type { Kubectl } from '../../tools/kubectl.ts';
import { startCli } from '../support/cli-process.ts';
import { images } from './images/build.ts';
import { repository } from './previous.ts';

/** The Deployments of examples/consumers/agent, by their file. */
export const agentExamples = { 'sidecar.yaml': 'reports', 'native-sidecar.yaml': 'reports-keyless' } as const;

/** Applies a file of examples/consumers/agent with the images of the suite. */
export async function applyAgentExample(kubectl: Kubectl, file: string): Promise<void> {
  const text = await readFile(join(repository, 'examples/consumers/agent', file), 'utf8');
  const operator = `accesskey-operator:${packageJson.version}`;
  if (!text.includes(`image: ${operator}\n`)) throw new Error(`${file} does not use the image ${operator}`);
  const changed = text.replace(`image: ${operator}\n`, `image: ${images.operator}\n`);
  await kubectl.run(['apply', '-f', '-'], changed.replace('image: consumer-curl\n', `image: ${images.curl}\n`));
}

/** Runs `kubectl accesskey doctor`. @returns the exit code and the checks that did not end with ok, with their status */
export async function runDoctor({ kubeconfig }: Kubectl, url: string): Promise<[number | null, object]> {
  const cli = await startCli(['doctor', '--kubeconfig', kubeconfig, '--server', url, '-o', 'json']);
  const code = await cli.ended;
  const { findings } = JSON.parse(cli.output.join('\n')) as { findings: Finding[] };
  const others = findings.filter(({ status }) => status !== 'ok');
  return [code, Object.fromEntries(others.map(({ check, status }) => [check, status]))];
}
