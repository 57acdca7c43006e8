/** The Dockerfile must reject a Node.js that cannot start with the flags of the Deployment. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const [, check = '[]'] = /^RUN (\["node", "-e", .*\])$/m.exec(readFileSync('Dockerfile', 'utf8')) ?? [];
const [, flag, script = ''] = JSON.parse(check);

/** Runs the check of the final stage, as if Node.js allowed only the given flags in NODE_OPTIONS. */
function runCheck(allowed: readonly string[]) {
  const value = `new Set(${JSON.stringify(allowed)})`;
  const setup = `Object.defineProperty(process, 'allowedNodeEnvironmentFlags', { value: ${value} });`;
  const { status, stderr } = spawnSync(process.execPath, [flag, setup + script], { encoding: 'utf8' });
  return { status, stderr };
}

describe('the Dockerfile', () => {
  const manifest = readFileSync('manifests/base/deployment.yaml', 'utf8');
  const [, options = ''] = /name: NODE_OPTIONS\n\s+value: (.*)$/m.exec(manifest) ?? [];
  const flags = options.split(' ').map((option) => option.replace(/=.*/, ''));

  it('accepts a Node.js that allows the NODE_OPTIONS of the Deployment', () => {
    expect(flags[0]).toMatch(/^--/);
    expect(runCheck(flags)).toEqual({ status: 0, stderr: '' });
  });

  it('starts kubectl-accesskey, which needs /usr/bin/env, after it was copied', () => {
    const finalStage = readFileSync('Dockerfile', 'utf8')
      .split(/^FROM /m)
      .at(-1);
    expect(finalStage).toMatch(/^COPY .* \.\/cli\n(?:#.*\n)*RUN \["kubectl-accesskey", "version"\]$/m);
  });

  it('rejects an older one and names the required version', () => {
    for (const missing of flags) {
      const { status, stderr } = runCheck(flags.filter((one) => one !== missing));
      expect(status).toBe(1);
      expect(stderr).toBe(`Node.js ${process.version} of RUNTIME_IMAGE is too old: 24.6.0 or newer is required\n`);
    }
  });
});
