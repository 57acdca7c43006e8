/**
 * Finds the client address of a request behind proxies. Only the forwarding header of a trusted proxy is used, and its
 * hops are read from right to left, because the nearest proxy appends to the end. A client may write anything before
 * that, so no hop is interpreted by what is to the left of it. If a hop of a trusted proxy has no address, the address
 * of the client is unknown: it is not that of the proxy, whose network may be allowed to do more.
 *
 * Addresses are parsed with isIP and BlockList of Node: ipaddr.js also accepts octal, hexadecimal and shortened IPv4.
 */
import { isIP } from 'node:net';
import { createNetworks } from '../../accesskey/model/networks.ts';

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

/** Maximum length of the evaluated end of a forwarding header, characters: bounds the cost of a request. */
const maxHeaderLength = 1_024;

export function createClientAddress({ trustedProxies, forwardedHeader }: ProxyOptions): ClientAddress {
  const isTrusted = createNetworks(trustedProxies.map(unmapped));
  const nodeOf = forwardedHeader === 'Forwarded' ? forwardedFor : (hop: string) => hop.trim();
  return (peer, header) => {
    const nearest = peer === undefined ? undefined : toAddress(peer);
    if (nearest === undefined) return unknown;
    if (!isTrusted(nearest)) return nearest;
    let client = nearest;
    for (const hop of hopsFromRight(header(forwardedHeader) ?? '')) {
      const address = toAddress(nodeOf(hop) ?? '');
      if (address === undefined) return unknown;
      if (!isTrusted(address)) return address;
      client = address;
    }
    return client;
  };
}

/**
 * @returns the hops of a forwarding header, the nearest first. Every comma separates hops, because in a header of which a
 *   client wrote the beginning, quotes do not tell where a hop starts. A hop that is cut off is an empty text
 */
function hopsFromRight(value: string): string[] {
  if (value.length > maxHeaderLength) return value.slice(-maxHeaderLength).split(',').with(0, '').reverse();
  // Empty hops at the beginning come from an empty header of the client.
  const hops = value.replace(/^[\s,]+/, '');
  return hops === '' ? [] : hops.split(',').reverse();
}

/** @returns a function that returns whether the remote address of a connection is that of a trusted proxy */
export function createProxyTrust({ trustedProxies }: Pick<ProxyOptions, 'trustedProxies'>) {
  const isTrusted = createNetworks(trustedProxies.map(unmapped));
  return (peer: string | undefined): boolean => {
    const address = peer === undefined ? undefined : toAddress(peer);
    return address !== undefined && isTrusted(address);
  };
}

/** @returns the IPv4 network of an IPv4-mapped one; any other CIDR unchanged */
function unmapped(cidr: string): string {
  const [network = '', prefix] = cidr.split('/');
  const ipv4 = mappedIpv4(network);
  return ipv4 !== undefined && Number(prefix) >= 96 ? `${ipv4}/${Number(prefix) - 96}` : cidr;
}

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

/** A parameter of an element, without escapes in a quoted text: no address needs them. */
const parameter = /^\s*([!#$%&'*+.^`|~\w-]+)=(?:"([^"\\]*)"|([^\s"\\]*))\s*$/;

/**
 * @param element of a Forwarded header (RFC 7239 section 4)
 * @returns its only for= parameter; undefined if the element is malformed
 */
function forwardedFor(element: string): string | undefined {
  const nodes: string[] = [];
  for (const part of element.split(';')) {
    const [, name, quoted, token] = parameter.exec(part) ?? [];
    if (name === undefined) return undefined;
    if (name.toLowerCase() === 'for') nodes.push(quoted ?? token ?? '');
  }
  return nodes.length === 1 ? nodes[0] : undefined;
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
