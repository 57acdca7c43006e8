import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFleet, type Fleet } from '../../../../tools/control-plane/fleet.ts';
import { freePorts } from '../../../../tools/control-plane/ports.ts';
import { argoCdComponents } from '../../../../tools/gitops/argocd/components.ts';
import { type Component, startComponents } from '../../../../tools/gitops/components.ts';
import { kustomizeController } from '../../../../tools/gitops/flux/components.ts';

const all = [
  ...argoCdComponents({
    directory: '/files',
    programs: '/files/bin',
    argocd: '/cache/argocd',
    redis: { path: '/cache/redis-server', environment: { LD_LIBRARY_PATH: '/cache/lib' } },
    kubeconfig: '/files/kubeconfig',
    ports: { redis: 1001, repoServer: 1002, server: 1003, metrics: [1004, 1005, 1006] },
  }),
  kustomizeController({
    directory: '/files',
    kustomizeController: '/cache/kustomize-controller',
    kubeconfig: '/files/kubeconfig',
    ports: { metrics: 1007, health: 1008 },
  }),
];

describe('argoCdComponents and kustomizeController', () => {
  it('start the programs in the order of their dependencies', () => {
    expect(all.map((one) => [one.name, one.port])).toEqual([
      ['redis', 1001],
      ['argocd-repo-server', 1002],
      ['argocd-application-controller', 1005],
      ['argocd-server', 1003],
      ['kustomize-controller', 1008],
    ]);
  });

  it('mention each port, and listen on loopback addresses', () => {
    const text = all.flatMap((one) => one.arguments).join(' ');
    for (let port = 1001; port <= 1008; port += 1) expect(text).toContain(`${port}`);
    expect(text).not.toContain('0.0.0.0');
  });

  it('pass no environment variables of this process except PATH', () => {
    const known = new Set(all.flatMap((one) => Object.keys(one.environment)));
    const inherited = [...known].filter((name) => !/^(PATH|HOME|TMPDIR|KUBECONFIG|LD_LIBRARY_PATH)$/.test(name));
    expect(inherited.every((name) => /^(ARGOCD|RUNTIME)_/.test(name))).toBe(true);
  });
});

describe('startComponents', () => {
  let fleet: Fleet;
  const lines: string[] = [];
  beforeEach(async () => {
    fleet = await createFleet((line) => lines.push(line));
  });
  afterEach(() => fleet.stop());

  /** A program that listens on a port, or ends with a message as Go programs do. */
  const listener = (port: number): Component => ({
    name: 'listener',
    path: process.execPath,
    arguments: [
      '-e',
      `require('node:net').createServer().on('error', () => { console.error('listen: address already in use');
        process.exit(1) }).listen(${port}, '127.0.0.1')`,
    ],
    environment: {},
    port,
  });

  it('waits until each listens, and removes everything at the end', async () => {
    const ports = await freePorts(2);
    await startComponents(fleet, ports.map(listener));
    expect(existsSync(fleet.directory)).toBe(true);
    await fleet.stop();
    expect(existsSync(fleet.directory)).toBe(false);
  });

  it('fails with the last lines of the log if a program ends', async () => {
    const [port = 0] = await freePorts(1);
    const failing = { ...listener(port), arguments: ['-e', 'console.error("bad flag"); process.exit(2)'] };
    await expect(startComponents(fleet, [failing])).rejects.toThrow(
      'listener ended (exit code 2); its last lines:\nbad flag',
    );
  });

  it('fails if another process uses the port', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    await expect(startComponents(fleet, [listener(port)])).rejects.toThrow(
      `port ${port} of listener is in use by another process`,
    );
    server.close();
  });
});
