import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { locateBinaries, locateKubectl } from '../../../../tools/go-programs/locate.ts';
import { programNames } from '../../../../tools/go-programs/program-sets.ts';
import { patience, sandbox, temporaryFolder, writeProgram } from './support/sandbox.ts';

const silent = () => undefined;

describe('building', () => {
  test('builds all programs one after the other, kube-apiserver first, and logs the progress', async () => {
    const { environment, installGo, built } = await sandbox();
    installGo();
    const lines: string[] = [];
    const binaries = await locateBinaries({ environment, log: (line) => lines.push(line) });
    expect(built()).toEqual([
      'k8s.io/kubernetes/cmd/kube-apiserver',
      'go.etcd.io/etcd/server/v3',
      'k8s.io/kubernetes/cmd/kube-controller-manager',
      'k8s.io/kubernetes/cmd/kube-scheduler',
      'k8s.io/kubernetes/cmd/kubectl',
      'sigs.k8s.io/kwok/cmd/kwok',
    ]);
    expect(lines[0]).toMatch(/^Building kube-apiserver, etcd, .* from Go modules \(once, about five minutes\)$/);
    expect(lines.slice(1)).toEqual(
      programNames.map((name) => expect.stringMatching(`^Built ${name} \\([0-9.]+ s\\)$`)),
    );
    expect(Object.keys(binaries)).toEqual(programNames);
    for (const name of programNames) {
      expect(basename(binaries[name])).toBe(name);
      expect(isAbsolute(binaries[name])).toBe(true);
    }
  });

  test('stores programs in a cache folder that is named after version, platform and modules', async () => {
    const { environment, installGo, built, cacheRoot } = await sandbox();
    installGo();
    const first = await locateBinaries({ environment, log: silent });
    expect(dirname(dirname(first.kwok))).toBe(cacheRoot);
    expect(basename(dirname(first.kwok))).toMatch(
      new RegExp(`^v\\d+\\.\\d+\\.\\d+-${process.platform}-${process.arch}-[0-9a-f]{12}$`),
    );
    const second = await locateBinaries({ environment, log: silent });
    expect(second).toEqual(first);
    expect(built()).toHaveLength(6);
  });

  test('builds only the needed program', async () => {
    const { environment, installGo, built } = await sandbox();
    installGo();
    expect(basename(await locateKubectl({ environment, log: silent }))).toBe('kubectl');
    expect(built()).toEqual(['k8s.io/kubernetes/cmd/kubectl']);
    await locateBinaries({ environment, log: silent });
    expect(built()).toHaveLength(6);
  });

  test('reports the last lines of a failed build and leaves no incomplete program', async () => {
    const { environment, installFailingGo, installGo, built, cacheRoot } = await sandbox();
    installFailingGo('kubectl', 'main.go:7:1: syntax error');
    await expect(locateBinaries({ environment, log: silent })).rejects.toThrow(
      /^go build of kubectl failed \(1\):\nmain\.go:7:1: syntax error$/,
    );
    const [folder = ''] = readdirSync(cacheRoot).filter((name) => !name.endsWith('.lock'));
    expect(readdirSync(cacheRoot).sort()).toEqual([folder, `${folder}.lock`]);
    expect(readdirSync(join(cacheRoot, folder))).not.toContain('kubectl');

    installGo();
    const binaries = await locateBinaries({ environment, log: silent });
    expect(readFileSync(binaries.kubectl, 'utf8')).toBe('#!/bin/sh\n');
    expect(built().filter((name) => name.endsWith('kube-apiserver'))).toHaveLength(1);
  });

  test('reports what to install if Go is missing', async () => {
    const { environment } = await sandbox();
    await expect(locateBinaries({ environment, log: silent })).rejects.toThrow(
      /install Go 1\.26 or newer, or set KUBEBUILDER_ASSETS .*kube-apiserver.*etcd.*kwok/,
    );
  });

  test('rejects with the abort reason', async () => {
    const { environment, installWaitingGo, finishBuild, built } = await sandbox();
    installWaitingGo();
    const end = new AbortController();
    const located = locateBinaries({ environment, log: silent, signal: end.signal });
    await expect.poll(built, patience).toHaveLength(1);
    end.abort(new Error('enough'));
    await expect(located).rejects.toThrow('enough');
    finishBuild();
  });
});

describe('KUBEBUILDER_ASSETS', () => {
  test('takes precedence over the cache and needs no Go', async () => {
    const { environment } = await sandbox();
    const assets = await temporaryFolder();
    for (const name of programNames) writeProgram(join(assets, name), '');
    const binaries = await locateBinaries({ environment: { ...environment, KUBEBUILDER_ASSETS: assets } });
    expect(binaries).toEqual(Object.fromEntries(programNames.map((name) => [name, join(assets, name)])));
  });

  test('may contain only some programs; the others are built', async () => {
    const { environment, installGo, built, cacheRoot } = await sandbox();
    installGo();
    const assets = await temporaryFolder();
    for (const name of ['kube-apiserver', 'etcd', 'kubectl']) writeProgram(join(assets, name), '');
    const binaries = await locateBinaries({ environment: { ...environment, KUBEBUILDER_ASSETS: assets }, log: silent });
    expect(built().map((name) => basename(name))).toEqual(['kube-controller-manager', 'kube-scheduler', 'kwok']);
    expect(dirname(binaries.etcd)).toBe(assets);
    expect(dirname(dirname(binaries.kwok))).toBe(cacheRoot);
  });

  test('must be a folder', async () => {
    const { environment, root } = await sandbox();
    const missing = join(root, 'missing');
    const locate = (assets: string) => locateBinaries({ environment: { ...environment, KUBEBUILDER_ASSETS: assets } });
    await expect(locate(missing)).rejects.toThrow(`KUBEBUILDER_ASSETS is not a folder: ${missing}`);
    writeFileSync(missing, 'a file');
    await expect(locate(missing)).rejects.toThrow(`KUBEBUILDER_ASSETS is not a folder: ${missing}`);
  });

  test('ignores files that are not executable', async () => {
    const { environment, installGo, built } = await sandbox();
    installGo();
    const assets = await temporaryFolder();
    for (const name of programNames) writeProgram(join(assets, name), '');
    chmodSync(join(assets, 'kwok'), 0o644);
    await locateBinaries({ environment: { ...environment, KUBEBUILDER_ASSETS: assets }, log: silent });
    expect(built()).toEqual(['sigs.k8s.io/kwok/cmd/kwok']);
  });
});
