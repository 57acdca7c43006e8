/** A cluster in the Docker of the machine ends with the process that started it. Docker and kind are scripts here. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { publishedImage } from '../../../../tools/kind/node-image.ts';
import { patience, temporaryFolder, writeProgram } from '../go-programs/support/sandbox.ts';

const script = join(import.meta.dirname, 'support', 'start.ts');
/** A PID that cannot exist. */
const endedPid = 2 ** 30;

interface Started {
  readonly child: ChildProcess;
  readonly name: string;
  /** What the ended process left in the temporary files. */
  readonly leftover: string;
  /** @returns the commands that were run, such as "kind delete cluster --name …" */
  commands(): string[];
}

interface Options {
  /** Whether Docker has the network of kind clusters. */
  readonly network: boolean;
  /** Whether to return while Docker creates the node. */
  readonly creating?: boolean;
  /** Whether the cluster of an ended process created the network. */
  readonly leftNetwork?: boolean;
}

async function start({ network, creating = false, leftNetwork = false }: Options): Promise<Started> {
  const folder = await temporaryFolder();
  // Not the machine's: another run of these tests would delete the leftover.
  const temporaryFiles = join(folder, 'tmp');
  const leftover = join(temporaryFiles, `accesskey-guarded-${endedPid}`);
  mkdirSync(leftover, { recursive: true });
  if (leftNetwork) writeFileSync(join(leftover, 'owns-network'), '');
  const log = join(folder, 'commands');
  const record = (name: string) => `echo "${name} $*" >>${log}`;
  writeProgram(
    join(folder, 'docker'),
    `${record('docker')}\ncase "$*" in "network inspect kind") exit ${network ? 0 : 1};; run*) sleep 2; ${record('ended docker')};; esac`,
  );
  const create = `"create cluster"*) docker run --name "$4-control-plane";;`;
  const answers = `version*) echo ${publishedImage.kind};; "get clusters"*) echo accesskey-guarded-${endedPid}; echo other;;`;
  writeProgram(
    join(folder, 'kind'),
    `${record('kind')}\ncase "$*" in ${answers} ${creating ? create : ''} "get nodes"*) echo x-control-plane;; esac`,
  );
  writeProgram(join(folder, 'kubectl'), 'case "$*" in *daemonset*) echo kindnet;; esac');
  const child = spawn(process.execPath, [script], {
    env: {
      ...process.env,
      KUBEBUILDER_ASSETS: folder,
      PATH: `${folder}${delimiter}${process.env.PATH}`,
      TMPDIR: temporaryFiles,
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  });
  const name = `accesskey-guarded-${child.pid}`;
  const commands = () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []);
  if (creating) await expect.poll(commands, patience).toContain(`docker run --name ${name}-control-plane`);
  else await once(child.stdout, 'data');
  return { child, name, leftover, commands };
}

test.each(['SIGTERM', 'SIGKILL'] as const)('deletes the cluster and the new network after %s', async (signal) => {
  const { child, name, commands } = await start({ network: false });
  expect(commands().filter((line) => line.includes(`--name ${name} `) && line.includes('delete'))).toEqual([]);
  child.kill(signal);
  await expect.poll(commands, patience).toContain('docker network rm kind');
  expect(commands()).toContainEqual(expect.stringMatching(`^kind delete cluster --name ${name} `));
});

test('deletes the cluster after its creation has stopped', async () => {
  const { child, name, commands } = await start({ network: true, creating: true });
  child.kill('SIGKILL');
  const deletion = `kind delete cluster --name ${name} `;
  await expect.poll(() => commands().some((line) => line.startsWith(deletion)), patience).toBe(true);
  expect(commands().at(-2)).toBe(`ended docker run --name ${name}-control-plane`);
});

test('keeps a network that existed before', async () => {
  const { child, name, commands } = await start({ network: true });
  child.kill('SIGTERM');
  await once(child, 'exit');
  expect(commands()).toContainEqual(expect.stringMatching(`^kind delete cluster --name ${name} `));
  expect(commands()).not.toContain('docker network rm kind');
});

test('uses the published node image, and deletes the clusters of ended processes only', async () => {
  const { name, commands } = await start({ network: true });
  expect(commands()).toContainEqual(expect.stringContaining(`--name ${name} --image ${publishedImage.name} `));
  const deleted = commands().filter((line) => line.startsWith('kind delete'));
  expect(deleted).toEqual([expect.stringContaining(`--name accesskey-guarded-${endedPid} `)]);
});

test('deletes the network that a cluster of an ended process created', async () => {
  const { leftover, commands } = await start({ network: true, leftNetwork: true });
  expect(commands()).toContain('docker network rm kind');
  expect(existsSync(leftover)).toBe(false);
});
