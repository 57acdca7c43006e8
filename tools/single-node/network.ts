import { networkInterfaces } from 'node:os';
import { run, succeeds } from '../command.ts';
import { poll } from '../poll.ts';

/** The two ends of the link between this machine and the node, and its network. */
export interface NodeLink {
  /** Name of this machine's end. */
  readonly name: string;
  readonly hostAddress: string;
  readonly nodeAddress: string;
  readonly prefixLength: number;
}

/** Pods of the node; inside the node's network namespace, so that nothing else can have them. */
export const podNetwork = '10.88.0.0/16';

/** For benchmarks and tests of networks (RFC 2544), so nothing real has them: one /30 for each node. */
const linkNetworks = Array.from({ length: 64 }, (_, index) => `198.18.0.${index * 4}`);

const nodeInterface = 'eth0';

/**
 * Makes a pair of network interfaces, one here and one in the network namespace of a process. Both go when that
 * namespace does.
 *
 * @param pid process that is in the namespace already
 * @throws Error if all networks for it are taken
 */
export async function linkTo(pid: number): Promise<NodeLink> {
  for (const network of freeNetworks()) {
    const link = { ...linkOf(network), name: `node${pid}` };
    const peer = ['peer', 'name', nodeInterface, 'netns', String(pid)];
    await run('ip', ['link', 'add', link.name, 'type', 'veth', ...peer]);
    await run('ip', ['address', 'add', `${link.hostAddress}/${link.prefixLength}`, 'dev', link.name]);
    await run('ip', ['link', 'set', link.name, 'up']);
    return link;
  }
  throw new Error('all networks of 198.18.0.0/24 are taken by other nodes');
}

function freeNetworks(): string[] {
  const taken = Object.values(networkInterfaces()).flatMap((addresses) => addresses?.map(({ address }) => address));
  return linkNetworks.filter((network) => !taken.includes(linkOf(network).hostAddress));
}

function linkOf(network: string) {
  const [, rest = '', last = 0] = /^(.*\.)(\d+)$/.exec(network) ?? [];
  return { hostAddress: `${rest}${+last + 1}`, nodeAddress: `${rest}${+last + 2}`, prefixLength: 30 };
}

/** Brings up the node's end, from inside of its network namespace. */
export async function bringUp({ hostAddress, nodeAddress, prefixLength }: NodeLink): Promise<void> {
  await poll('the network link', () => succeeds('ip', ['link', 'show', nodeInterface]));
  await run('ip', ['link', 'set', 'lo', 'up']);
  await run('ip', ['address', 'add', `${nodeAddress}/${prefixLength}`, 'dev', nodeInterface]);
  await run('ip', ['link', 'set', nodeInterface, 'up']);
  await run('ip', ['route', 'add', 'default', 'via', hostAddress]);
}
