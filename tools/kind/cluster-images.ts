/** The images of a cluster's own pods, built from the programs and stored in the node's containerd. */
import { copyFile, cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { deathWrapper, startProgram } from '../control-plane/program.ts';
import { createImage, type ImageConfig } from '../images/archive.ts';
import { poll } from '../poll.ts';
import { run } from '../run-command.ts';
import type { NodeImagePrograms } from './node-programs.ts';

const Env = ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'];
const root = 'root:x:0:0::/:/\n';
const controlPlane = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'etcd'] as const;

/** Returns the image names that kubeadm requires, by the last part of their repository, such as "etcd". */
export async function requiredImages(kubeadm: string, version: string): Promise<(name: string) => string> {
  const output = await run(kubeadm, ['config', 'images', 'list', '--kubernetes-version', version]);
  const names = output.trim().split('\n');
  return (name) => {
    const found = names.find((image) => image.includes(`/${name}:`));
    if (found === undefined) throw new Error(`kubeadm does not list an image ${name}: ${names.join(', ')}`);
    return found;
  };
}

/**
 * Builds the images into the containerd store of a node's file system.
 *
 * @param node the node's file system, which contains iptables
 * @param imageName returns the full name of an image
 */
export async function addClusterImages(
  node: string,
  programs: NodeImagePrograms,
  imageName: (name: string) => string,
): Promise<void> {
  const work = await mkdtemp(join(dirname(node), 'images-'));
  const image = async (name: string, config: ImageConfig, fill: (folder: string) => Promise<void>) => {
    const folder = join(work, name);
    await mkdir(join(folder, 'etc'), { recursive: true });
    await writeFile(join(folder, 'etc/passwd'), root);
    await fill(folder);
    await createImage({ name: imageName(name), folder, archive: `${folder}.tar`, config });
    await rm(folder, { recursive: true });
  };
  try {
    for (const name of controlPlane) {
      await image(name, { Env, Entrypoint: [`/usr/local/bin/${name}`] }, (folder) =>
        addProgram(folder, name, programs),
      );
    }
    await image('coredns', { Entrypoint: ['/coredns'] }, (to) =>
      copyFile(programs['cluster-dns'], join(to, 'coredns')),
    );
    const pause = { Entrypoint: ['/pause'], User: '65535:65535' };
    await image('pause', pause, (folder) => copyFile(programs.pause, join(folder, 'pause')));
    await image('kube-proxy', { Env }, async (folder) => {
      await addProgram(folder, 'kube-proxy', programs);
      await addIptables(folder, node);
    });
    await importImages(work, join(node, 'var/lib/containerd'));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function addProgram(folder: string, name: keyof NodeImagePrograms, programs: NodeImagePrograms): Promise<void> {
  for (const path of ['usr/local/bin', 'tmp', 'run']) await mkdir(join(folder, path), { recursive: true });
  await copyFile(programs[name], join(folder, 'usr/local/bin', name));
}

const iptables = '/usr/sbin/xtables-nft-multi';
const applets = ['iptables', 'ip6tables'].flatMap((name) => [name, `${name}-save`, `${name}-restore`]);

/** Copies iptables from a Debian file system, with its plugins and the libraries of both. */
async function addIptables(folder: string, debian: string): Promise<void> {
  const list = `ldd ${iptables} "$(dirname "$(find /usr/lib -name libxt_statistic.so)")"/*.so; find /usr/lib -name xtables`;
  const lines = (await run('chroot', [debian, 'sh', '-c', list])).split('\n');
  const libraries = lines.flatMap((line) => /(?:=> |^\t)(\/\S+\.so\S*) \(/.exec(line)?.[1] ?? []);
  const plugins = lines.find((line) => line.endsWith('/xtables')) ?? '';
  for (const path of ['usr/sbin', 'usr/lib64']) await mkdir(join(folder, path), { recursive: true });
  for (const [name, target] of Object.entries({ lib: 'usr/lib', lib64: 'usr/lib64', sbin: 'usr/sbin' })) {
    await mkdir(join(folder, target), { recursive: true });
    await symlink(target, join(folder, name));
  }
  await copyFile(join(debian, iptables), join(folder, iptables));
  for (const name of applets) await symlink('xtables-nft-multi', join(folder, 'usr/sbin', name));
  await cp(join(debian, plugins), join(folder, plugins), { recursive: true, verbatimSymlinks: true });
  await copyFile(join(debian, 'etc/ethertypes'), join(folder, 'etc/ethertypes')).catch(() => undefined);
  for (const library of new Set(libraries)) {
    await mkdir(dirname(join(folder, library)), { recursive: true });
    await run('cp', ['--dereference', join(debian, library), join(folder, library)]);
  }
}

const unusedPlugins = [
  'grpc.v1.cri',
  'internal.v1.opt',
  ...['btrfs', 'zfs', 'aufs', 'devmapper'].map((name) => `snapshotter.v1.${name}`),
];

/** Imports all archives of a folder into a containerd store, with the containerd of this machine. */
async function importImages(folder: string, store: string): Promise<void> {
  const address = join(folder, 'c.sock');
  const configuration = join(folder, 'containerd.toml');
  await rm(store, { recursive: true, force: true });
  await mkdir(store, { recursive: true });
  await writeFile(
    configuration,
    `version = 2
root = "${store}"
state = "${join(folder, 'state')}"
disabled_plugins = [${unusedPlugins.map((name) => `"io.containerd.${name}"`).join(', ')}]
[grpc]
  address = "${address}"
[ttrpc]
  address = "${address}.ttrpc"
`,
  );
  const containerd = startProgram({
    name: 'containerd',
    path: 'containerd',
    arguments: ['--config', configuration],
    logFile: join(folder, 'containerd.log'),
    wrapper: await deathWrapper(),
  });
  const ctr = (...args: string[]) => run('ctr', ['--address', address, '--namespace', 'k8s.io', ...args]);
  try {
    await poll('containerd', () => ctr('version'));
    const archives = (await readdir(folder)).filter((name) => name.endsWith('.tar'));
    for (const archive of archives) await ctr('images', 'import', join(folder, archive));
    // The unpacked layers are sufficient to run containers.
    await ctr('content', 'prune', 'references');
  } finally {
    await containerd.stop();
  }
  for (const name of await readdir(store)) {
    if (/^(tmpmounts|io\.containerd\.runtime)/.test(name)) await rm(join(store, name), { recursive: true });
  }
}
