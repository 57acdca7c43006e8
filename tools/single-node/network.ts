import type { ChildProcess } from 'node:child_process';
import { readlink } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { poll } from '../poll.ts';
import { run } from '../run-command.ts';

/** The network link between this machine and the node. */
export interface NodeLink {
  /** Name of the interface on this machine. */
  readonly name: string;
  readonly hostAddress: string;
  readonly nodeAddress: string;
  readonly prefixLength: number;
}

/** Network of the pods, inside the network namespace of the node, where it cannot conflict with other networks. */
export const podNetwork = '10.88.0.0/16';

/** One /30 per node from the range for network benchmarks (RFC 2544), which real networks do not use. */
const linkNetworks = Array.from({ length: 64 }, (_, index) => `198.18.0.${index * 4}`);

const nodeInterface = 'eth0';

/**
 * Creates a pair of network interfaces, one on this machine and one in the network namespace of a process. The kernel
 * removes both with the namespace.
 *
 * @param pid a process in the namespace
 * @throws Error if all networks are in use
 */
export async function createLink(pid: number): Promise<NodeLink> {
  for (const network of freeNetworks()) {
    const link = { ...linkOf(network), name: `node${pid}` };
    const peer = ['peer', 'name', nodeInterface, 'netns', String(pid)];
    await run('ip', ['link', 'add', link.name, 'type', 'veth', ...peer]);
    await run('ip', ['address', 'add', `${link.hostAddress}/${link.prefixLength}`, 'dev', link.name]);
    await run('ip', ['link', 'set', link.name, 'up']);
    return link;
  }
  throw new Error('all networks of 198.18.0.0/24 are in use by other nodes');
}

function freeNetworks(): string[] {
  const taken = Object.values(networkInterfaces()).flatMap((addresses) => addresses?.map(({ address }) => address));
  return linkNetworks.filter((network) => !taken.includes(linkOf(network).hostAddress));
}

function linkOf(network: string) {
  const [, rest = '', last = 0] = /^(.*\.)(\d+)$/.exec(network) ?? [];
  return { hostAddress: `${rest}${+last + 1}`, nodeAddress: `${rest}${+last + 2}`, prefixLength: 30 };
}

/** Waits until the process has its own network namespace, and returns its PID. */
export async function waitForNetworkNamespace({ pid }: ChildProcess): Promise<number> {
  if (pid === undefined) throw new Error('cannot start unshare');
  const current = await readlink('/proc/self/ns/net');
  await poll('the network namespace', async () => (await readlink(`/proc/${pid}/ns/net`)) !== current);
  return pid;
}

/**
 * Configures the interface of the node.
 *
 * @param pid a process in the network namespace of the node. Default: this process
 */
export async function configureLink(link: NodeLink, pid?: number): Promise<void> {
  const { hostAddress, nodeAddress, prefixLength } = link;
  const [program, ...enter] = pid === undefined ? ['ip'] : ['nsenter', `--net=/proc/${pid}/ns/net`, 'ip'];
  const ip = (...args: string[]) => run(program, [...enter, ...args]);
  await poll('the network link', async () => (await ip('link', 'show', nodeInterface)) !== '');
  await ip('link', 'set', 'lo', 'up');
  await ip('address', 'add', `${nodeAddress}/${prefixLength}`, 'dev', nodeInterface);
  await ip('link', 'set', nodeInterface, 'up');
  await ip('route', 'add', 'default', 'via', hostAddress);
}
