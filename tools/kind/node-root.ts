/** The file system of a node: Debian with systemd and containerd, the files of the folder node, and the programs. */
import { copyFile, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createDebianRoot } from '../images/debian-root.ts';
import { run } from '../run-command.ts';
import type { NodeImagePrograms } from './node-programs.ts';

const packages = [
  'ca-certificates',
  'conntrack',
  'containerd',
  'containernetworking-plugins',
  'ethtool',
  'iproute2',
  'iptables',
  'kmod',
  'mount',
  'procps',
  'runc',
  'socat',
  'systemd',
  'util-linux',
];

/** Folder with the files of a node. */
export const nodeFiles = join(import.meta.dirname, 'node');

/** Path in the node, and mode, of each file. */
const destinations: Readonly<Record<string, readonly [path: string, mode: string]>> = {
  'entrypoint.sh': ['usr/local/bin/entrypoint', '755'],
  'kubelet-cgroup.sh': ['usr/local/bin/kubelet-cgroup', '755'],
  'kubelet.service': ['etc/systemd/system/kubelet.service', '644'],
  'cgroup-v1.conf': ['etc/kubernetes/kubelet.conf.d/cgroup-v1.conf', '644'],
  'containerd.toml': ['etc/containerd/config.toml', '644'],
  'cni-template.conflist': ['etc/cni/template.conflist', '644'],
  'default-cni.yaml': ['kind/manifests/default-cni.yaml', '644'],
  'default-storage.yaml': ['kind/manifests/default-storage.yaml', '644'],
};

/** Folder of each program that runs on the node itself. */
const programFolders = { kubeadm: 'usr/bin', kubelet: 'usr/bin', kubectl: 'usr/bin', crictl: 'usr/local/bin' } as const;

/**
 * Creates an empty folder's content from a Debian archive in the cache, which is created the first time.
 *
 * @param archive path of the Debian archive
 */
export async function unpackDebian(root: string, archive: string): Promise<void> {
  const known = await readdir(dirname(archive));
  if (!known.includes('debian.tar')) {
    await createDebianRoot(root, packages);
    await run('tar', ['-C', root, '--numeric-owner', '-cf', `${archive}.new`, '.']);
    await rename(`${archive}.new`, archive);
  } else await run('tar', ['-C', root, '--numeric-owner', '-xf', archive]);
}

export interface NodeRootOptions {
  readonly root: string;
  readonly programs: NodeImagePrograms;
  /** Version of Kubernetes, such as v1.36.3. */
  readonly version: string;
  /** Name of the sandbox image of pods. */
  readonly pauseImage: string;
}

/** Adds the files and programs of a node to a Debian file system, and enables only the services that a node needs. */
export async function completeNodeRoot({ root, programs, version, pauseImage }: NodeRootOptions): Promise<void> {
  for (const [name, [path, mode]] of Object.entries(destinations)) {
    await run('install', ['-D', '-m', mode, join(nodeFiles, name), join(root, path)]);
  }
  const configuration = join(root, 'etc/containerd/config.toml');
  await writeFile(configuration, (await readFile(configuration, 'utf8')).replace('PAUSE_IMAGE', pauseImage));
  for (const [name, folder] of Object.entries(programFolders)) {
    await copyFile(programs[name as keyof typeof programFolders], join(root, folder, name));
  }
  for (const folder of ['etc/kubernetes/manifests', 'etc/cni/net.d'])
    await mkdir(join(root, folder), { recursive: true });
  await writeFile(join(root, 'kind/version'), version);
  await writeFile(join(root, 'etc/crictl.yaml'), 'runtime-endpoint: unix:///run/containerd/containerd.sock\n');
  await limitServices(root);
}

/** The only units of sysinit.target. Others configure hardware, the kernel or the console, which are the machine's. */
const initUnits = [
  'dev-mqueue.mount',
  'systemd-journald.service',
  'systemd-journal-flush.service',
  'systemd-sysusers.service',
];
const unusedSockets = /udev|systemd-initctl|systemd-journald-audit/;
const wantsOfTargets = ['multi-user.target.wants', 'local-fs.target.wants', 'basic.target.wants'];

async function limitServices(root: string): Promise<void> {
  const provided = join(root, 'usr/lib/systemd/system');
  const enabled = join(root, 'etc/systemd/system');
  const enabledFolders = (await readdir(enabled)).filter((name) => name.endsWith('.wants'));
  for (const name of enabledFolders) await rm(join(enabled, name), { recursive: true });
  for (const name of wantsOfTargets) await rm(join(provided, name), { recursive: true, force: true });
  await removeUnits(join(provided, 'sysinit.target.wants'), (unit) => !initUnits.includes(unit));
  await removeUnits(join(provided, 'sockets.target.wants'), (unit) => unusedSockets.test(unit));
  const wants = join(enabled, 'multi-user.target.wants');
  await mkdir(wants);
  await symlink('../kubelet.service', join(wants, 'kubelet.service'));
  await symlink('/lib/systemd/system/containerd.service', join(wants, 'containerd.service'));
  await symlink('/lib/systemd/system/multi-user.target', join(enabled, 'default.target'));
  const journal = join(enabled, '../journald.conf.d');
  await mkdir(journal);
  await writeFile(join(journal, 'node.conf'), '[Journal]\nReadKMsg=no\nStorage=volatile\n');
  await rm(join(root, 'usr/sbin/init'), { force: true });
  await symlink('/lib/systemd/systemd', join(root, 'usr/sbin/init'));
}

async function removeUnits(folder: string, isUnused: (unit: string) => boolean): Promise<void> {
  const unused = (await readdir(folder)).filter(isUnused);
  for (const unit of unused) await rm(join(folder, unit));
}
