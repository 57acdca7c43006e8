/**
 * Finds the client address of a request behind proxies. Only the forwarding header of a trusted proxy is used, and its
 * hops are read from right to left, because the nearest proxy appends to the end.
 *
 * Addresses are parsed with isIP and BlockList of Node: ipaddr.js also accepts octal, hexadecimal and shortened IPv4.
 */
import { BlockList, isIP } from 'node:net';

export interface ProxyOptions {
  /** CIDRs of trusted proxies. */
  trustedProxies: readonly string[];
  /** The header that the proxies set; they may pass on the other one from a client. */
  forwardedHeader: 'X-Forwarded-For' | 'Forwarded';
}

export const noTrustedProxies: ProxyOptions = { trustedProxies: [], forwardedHeader: 'X-Forwarded-For' };

/**
 * @param peer remote address of the connection; undefined if it is already closed
 * @param header returns a header of the request
 * @returns the client address, or `unknown`
 */
export type ClientAddress = (peer: string | undefined, header: (name: string) => string | undefined) => string;

/** @returns undefined for `unknown` */
export function knownAddress(address: string): string | undefined {
  return address === unknown ? undefined : address;
}

const unknown = 'unknown';

/** Maximum length of the evaluated end of a forwarding header, characters. */
const maxHeaderLength = 1_024;

export function createClientAddress({ trustedProxies, forwardedHeader }: ProxyOptions): ClientAddress {
  const isTrusted = createTrust(trustedProxies);
  return (peer, header) => {
    const nearest = peer === undefined ? undefined : toAddress(peer);
    if (nearest === undefined) return unknown;
    if (!isTrusted(nearest)) return nearest;
    const value = nearestHops(header(forwardedHeader) ?? '');
    const hops = forwardedHeader === 'Forwarded' ? forwardedFor(value) : value.split(',');
    let client = nearest;
    for (const hop of hops.reverse()) {
      const address = toAddress(hop.trim());
      if (address === undefined) break;
      client = address;
      if (!isTrusted(address)) break;
    }
    return client;
  };
}

/** @returns the end of a long header, starting with a complete hop: trusted proxies append there */
function nearestHops(value: string): string {
  if (value.length <= maxHeaderLength) return value;
  const end = value.slice(-maxHeaderLength);
  return end.slice(end.indexOf(',') + 1);
}

/** @returns a function that returns whether the remote address of a connection is that of a trusted proxy */
export function createProxyTrust({ trustedProxies }: Pick<ProxyOptions, 'trustedProxies'>) {
  const isTrusted = createTrust(trustedProxies);
  return (peer: string | undefined): boolean => {
    const address = peer === undefined ? undefined : toAddress(peer);
    return address !== undefined && isTrusted(address);
  };
}

function createTrust(cidrs: readonly string[]): (address: string) => boolean {
  if (cidrs.length === 0) return () => false;
  const trusted = new BlockList();
  for (const cidr of cidrs) {
    const [network = '', prefix] = cidr.split('/');
    // BlockList also compares IPv4 addresses with IPv4-mapped networks.
    trusted.addSubnet(network, Number(prefix), familyOf(network));
  }
  return (address) => trusted.check(address, familyOf(address));
}

const familyOf = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** A node of RFC 7239 section 6 or of X-Forwarded-For: an address, optionally in brackets or with a port. */
const node = /^(?:\[([^\]]+)\]|([^:]+|.*:.*:.*?))(?::\d{1,5})?$/;
/** An IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2), as the URL parser writes it. */
const mapped = /^\[::ffff:([\da-f]{1,4}):([\da-f]{1,4})\]$/;

/** @returns the IPv4 address of an IPv4-mapped IPv6 address in any spelling */
function mappedIpv4(address: string): string | undefined {
  if (!/ffff/i.test(address) || isIP(address) !== 6) return undefined;
  const [, high, low] = mapped.exec(URL.parse(`http://[${address}]`)?.hostname ?? '') ?? [];
  if (high === undefined || low === undefined) return undefined;
  return [high, low].flatMap((one) => [Number.parseInt(one, 16) >> 8, Number.parseInt(one, 16) & 255]).join('.');
}

function toAddress(text: string): string | undefined {
  const whole = isIP(text) ? text : undefined;
  const [, bracketed, bare] = node.exec(text) ?? [];
  const address = (whole ?? bracketed ?? bare ?? '').replace(/%.*$/, '').toLowerCase();
  return isIP(address) ? (mappedIpv4(address) ?? address) : undefined;
}

/** @returns the for= parameter of each element of a Forwarded header (RFC 7239 section 4), or an empty text */
function forwardedFor(value: string): string[] {
  const elements = value.match(/(?:[^,"]|"(?:[^"\\]|\\.)*")+/g) ?? [];
  return elements.map((element) => {
    const [, quoted, token] = /(?:^|;)\s*for=(?:"([^"]*)"|([^;\s]*))/i.exec(element) ?? [];
    return quoted ?? token ?? '';
  });
}

/** @returns the network that is throttled as one client: an IPv4 address, or the /64 of an IPv6 address */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  // An IPv4 address at the end represents two groups.
  const groups = right.length + left.length + (address.includes('.') ? 1 : 0);
  const all = [...left, ...Array<string>(tail === undefined ? 0 : 8 - groups).fill('0'), ...right];
  const prefix = all.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${prefix.join(':')}::/64`;
}
