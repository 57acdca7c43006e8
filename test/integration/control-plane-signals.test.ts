/** The command `npm run control-plane` ends with all its processes whenever it gets a signal. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { locateBinaries } from '../../tools/go-programs/locate.ts';
import { poll } from '../../tools/poll.ts';
import { processesNaming } from '../unit/tools/control-plane/support/processes.ts';

const root = join(import.meta.dirname, '..', '..');

// Otherwise the first test would build the programs.
beforeAll(async () => void (await locateBinaries({ log: () => undefined })));

/** Starts the command with npm. All its processes have the temporary folder in their command lines. */
async function start() {
  const folder = await mkdtemp(join(tmpdir(), 'control-plane-signals-'));
  const kubeconfig = join(folder, 'admin.kubeconfig');
  // npm would write its compile cache to the folder.
  const npm = spawn('npm', ['run', '--silent', 'control-plane', '--', '--kubeconfig', kubeconfig, '--no-workloads'], {
    cwd: root,
    env: { ...process.env, TMPDIR: folder, NODE_DISABLE_COMPILE_CACHE: '1' },
    stdio: 'ignore',
  });
  onTestFinished(async () => {
    npm.kill('SIGKILL');
    for (const { id } of processesNaming(folder)) process.kill(id, 'SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });
  return { npm, folder, kubeconfig, ended: once(npm, 'close') };
}

type Command = Awaited<ReturnType<typeof start>>;

const commandsOf = ({ folder }: Command) => processesNaming(folder).map(({ command }) => command);
const hasProgram = (command: Command, name: string) => commandsOf(command).some((one) => one.includes(`/${name} `));

async function expectNothingLeft(command: Command): Promise<void> {
  await command.ended;
  await expect.poll(() => commandsOf(command)).toEqual([]);
  expect(readdirSync(command.folder)).toEqual([]);
}

/** Points of the start at which the signal is sent. */
const points: Record<string, (command: Command) => boolean> = {
  'npm has started': ({ npm }) => npm.pid !== undefined,
  'the script has started': (command) => commandsOf(command).some((one) => one.includes('tools/control-plane/main.ts')),
  'etcd has started': (command) => hasProgram(command, 'etcd'),
  'the API server has started': (command) => hasProgram(command, 'kube-apiserver'),
  'the controller manager has started': (command) => hasProgram(command, 'kube-controller-manager'),
  'it is ready': ({ kubeconfig }) => existsSync(kubeconfig),
};

const reach = (command: Command, point: string) => poll(point, async () => points[point]?.(command) === true);
const signal = ({ npm }: { npm: ChildProcess }, name: NodeJS.Signals = 'SIGTERM') => npm.kill(name);

describe('nothing is left', () => {
  test.each(Object.keys(points))('if SIGTERM is sent when %s', async (point) => {
    const command = await start();
    await reach(command, point);
    signal(command);
    await expectNothingLeft(command);
  });

  test.each([0, 5, 20, 100])('if a second SIGTERM is sent after %i ms', async (milliseconds) => {
    const command = await start();
    await reach(command, 'the API server has started');
    signal(command);
    setTimeout(() => signal(command), milliseconds);
    await expectNothingLeft(command);
  });

  test.each(['etcd has started', 'it is ready'])('if npm is killed when %s', async (point) => {
    const command = await start();
    await reach(command, point);
    signal(command, 'SIGKILL');
    await expectNothingLeft(command);
  });
});
