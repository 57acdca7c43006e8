/** Networks in CIDR notation. Addresses are IPv4 or IPv6, never IPv4-mapped IPv6. */
import { BlockList, isIP } from 'node:net';

type Networks = (address: string) => boolean;

/** @returns whether an address is in one of the networks; anything but an address is in none */
export function createNetworks(cidrs: readonly string[]): Networks {
  // One list for each family: BlockList compares IPv4 addresses also with IPv4-mapped networks, such as ::/0.
  const networks = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const cidr of cidrs) {
    const { address, prefix } = parse(cidr);
    const family = familyOf(address);
    networks[family].addSubnet(address, prefix, family);
  }
  return (address) => isIP(address) !== 0 && networks[familyOf(address)].check(address, familyOf(address));
}

/** Parsed lists. A cached AccessKey keeps its list until it changes. */
const parsed = new WeakMap<readonly string[], Networks>();

/**
 * Whether allowedCIDRs of a key pair allow an address.
 *
 * @param cidrs undefined: every address is allowed
 */
export function isAddressAllowed(cidrs: readonly string[] | undefined, address: string): boolean {
  if (cidrs === undefined) return true;
  const networks = parsed.get(cidrs) ?? createNetworks(cidrs);
  parsed.set(cidrs, networks);
  return networks(address);
}

/** Whether every network of the first list is within one of the second. */
export function areWithin(inner: readonly string[], outer: readonly string[]): boolean {
  return inner.every((one) => {
    const { address, prefix } = parse(one);
    return outer.some((other) => prefix >= parse(other).prefix && createNetworks([other])(address));
  });
}

function parse(cidr: string): { address: string; prefix: number } {
  const [address = '', prefix] = cidr.split('/');
  return { address, prefix: Number(prefix) };
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}
