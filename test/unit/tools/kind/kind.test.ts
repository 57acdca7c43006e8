/** A cluster in the Docker of the machine ends with the process that started it. Docker and kind are scripts here. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { publishedImage } from '../../../../tools/kind/node-image.ts';
import { patience, temporaryFolder, writeProgram } from '../go-programs/support/sandbox.ts';

const script = join(import.meta.dirname, 'support', 'start.ts');
/** A PID that cannot exist. */
const endedPid = 2 ** 30;

interface Started {
  readonly child: ChildProcess;
  readonly name: string;
  /** @returns the commands that were run, such as "kind delete cluster --name …" */
  commands(): string[];
}

/** @param networks whether Docker has the network of kind clusters */
async function start(networks: boolean): Promise<Started> {
  const folder = await temporaryFolder();
  const log = join(folder, 'commands');
  const record = (name: string) => `echo "${name} $*" >>${log}`;
  writeProgram(
    join(folder, 'docker'),
    `${record('docker')}\ncase "$*" in "network inspect kind") exit ${networks ? 0 : 1}; esac`,
  );
  const answers = `version*) echo ${publishedImage.kind};; "get clusters"*) echo accesskey-guarded-${endedPid}; echo other;;`;
  writeProgram(
    join(folder, 'kind'),
    `${record('kind')}\ncase "$*" in ${answers} "get nodes"*) echo x-control-plane;; esac`,
  );
  writeProgram(join(folder, 'kubectl'), 'case "$*" in *daemonset*) echo kindnet;; esac');
  const child = spawn(process.execPath, [script], {
    env: { ...process.env, KUBEBUILDER_ASSETS: folder, PATH: `${folder}${delimiter}${process.env.PATH}` },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  });
  const [name] = await once(createInterface(child.stdout), 'line');
  return { child, name, commands: () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []) };
}

test.each(['SIGTERM', 'SIGKILL'] as const)('deletes the cluster and the new network after %s', async (signal) => {
  const { child, name, commands } = await start(false);
  expect(commands().filter((line) => line.includes(`--name ${name} `) && line.includes('delete'))).toEqual([]);
  child.kill(signal);
  await expect.poll(commands, patience).toContain('docker network rm kind');
  expect(commands()).toContainEqual(expect.stringMatching(`^kind delete cluster --name ${name} `));
});

test('keeps a network that existed before', async () => {
  const { child, name, commands } = await start(true);
  child.kill('SIGTERM');
  await once(child, 'exit');
  expect(commands()).toContainEqual(expect.stringMatching(`^kind delete cluster --name ${name} `));
  expect(commands()).not.toContain('docker network rm kind');
});

test('uses the published node image, and deletes the clusters of ended processes only', async () => {
  const { name, commands } = await start(true);
  expect(commands()).toContainEqual(expect.stringContaining(`--name ${name} --image ${publishedImage.name} `));
  const deleted = commands().filter((line) => line.startsWith('kind delete'));
  expect(deleted).toEqual([expect.stringContaining(`--name accesskey-guarded-${endedPid} `)]);
});
