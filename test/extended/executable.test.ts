/** kubectl-accesskey as a single executable, without Node.js or packages. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { buildExecutable } from '../../tools/bundle/executable.ts';
import { run } from '../../tools/run-command.ts';

let folder: string;
let program: string;

/** Prints the scripts that a process has loaded instead of its output. */
const reportScripts = `
const vm = require('node:vm');
const scripts = [];
vm.Script = class extends vm.Script {
  constructor(source, options) {
    super(source, options);
    scripts.push({ name: options.filename, rejected: this.cachedDataRejected });
  }
};
const write = process.stdout.write.bind(process.stdout);
process.stdout.write = () => true;
process.on('exit', () => {
  process.exitCode = 0;
  write(JSON.stringify(scripts));
});`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'executable-'));
  program = await buildExecutable(join(import.meta.dirname, '../..'), join(folder, 'bin'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the executable', () => {
  const withoutPath = { cwd: tmpdir(), env: { PATH: '' } };

  it('runs without Node.js', async () => {
    expect(await run(program, ['--version'], withoutPath)).toBe(`${packageJson.version}\n`);
  });

  it('has compiled code that V8 accepts, and loads the rest only for a command that needs it', async () => {
    const hook = join(folder, 'hook.cjs');
    await writeFile(hook, reportScripts);
    const env = { ...withoutPath.env, NODE_OPTIONS: `--require=${hook}` };
    const scripts = async (...args: string[]) => JSON.parse(await run(program, args, { env }));
    const first = { name: 'kubectl-accesskey/first.js', rejected: false };
    const rest = { name: 'kubectl-accesskey/rest.js', rejected: false };
    expect(await scripts('token', '--help')).toEqual([first]);
    expect(await scripts('create', 'a', '--user', 'a', '--dry-run=client', '--kubeconfig', '/none')).toEqual([
      first,
      rest,
    ]);
  });

  it('loads what a command needs, and reports a missing kubeconfig', async () => {
    const kubeconfig = join(folder, 'missing');
    await expect(run(program, ['list', '--kubeconfig', kubeconfig], withoutPath)).rejects.toThrow(kubeconfig);
  });
});
