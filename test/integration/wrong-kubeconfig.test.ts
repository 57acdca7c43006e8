/** Tools that are given a wrong kubeconfig say so in one line. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { locateKubectl } from '../../tools/go-programs/locate.ts';
import { existing } from '../e2e/providers/existing.ts';

/** Writes a kubeconfig whose API server does not listen. @returns its path */
async function unreachable(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'accesskey-test-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const file = join(directory, 'kubeconfig');
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'none', cluster: { server: 'https://127.0.0.1:1' } }],
    contexts: [{ name: 'none', context: { cluster: 'none', user: 'none' } }],
    users: [{ name: 'none', user: { token: 'none' } }],
    'current-context': 'none',
  };
  await writeFile(file, stringify(kubeconfig));
  return file;
}

const missing = '/nonexistent/kubeconfig';

test.each([
  ['an unreachable API server', unreachable, /The connection to the server 127\.0\.0\.1:1 was refused/],
  ['a missing file', async () => missing, /stat \/nonexistent\/kubeconfig: no such file or directory/],
])('the demo and the end-to-end suite report %s', async (_, kubeconfigOf, reason) => {
  const kubeconfig = await kubeconfigOf();
  const line = `cannot reach the cluster of the kubeconfig ${kubeconfig}: `;

  const kubectl = await locateKubectl();
  const demo = spawn(process.execPath, ['tools/demo/main.ts', '--once', '--kubeconfig', kubeconfig], {
    env: { ...process.env, PATH: `${dirname(kubectl)}${delimiter}${process.env.PATH}` },
  });
  const [errors, [code]] = await Promise.all([text(demo.stderr), once(demo, 'exit')]);
  expect(code).toBe(1);
  expect(errors).toMatch(reason);
  expect(errors).toMatch(/^demo: .*\n$/);
  expect(errors).toContain(line);

  const started = existing(kubeconfig, { E2E_LOAD_IMAGES: 'true' }).start(() => undefined);
  const error = await started.then(
    () => undefined,
    ({ message }: Error) => message,
  );
  expect(error).toMatch(reason);
  expect(error?.split('\n')).toEqual([expect.stringContaining(`E2E_KUBECONFIG: ${line}`)]);
});
