/** The proxy of the environment, as kubectl uses it for the API server (net/http of Go); pure. */
import { isIP, isIPv6 } from 'node:net';
import { createNetworks } from '../../accesskey/model/networks.ts';
import { isLoopback } from '../token/server.ts';
import type { Environment } from '../token/source.ts';

/**
 * @param server URL of the API server
 * @returns URL of the proxy, which may be invalid; undefined if the server is reached without one
 */
export function proxyFor(server: string, env: Environment): string | undefined {
  const { protocol, hostname, port } = new URL(server);
  const isSecure = protocol === 'https:';
  const proxy = isSecure ? env.HTTPS_PROXY || env.https_proxy : env.HTTP_PROXY || env.http_proxy;
  if (!proxy || isLoopback(hostname)) return undefined;
  const target = { host: withoutBrackets(hostname), port: port || (isSecure ? '443' : '80') };
  const excluded = (env.NO_PROXY || env.no_proxy || '').split(',').map((one) => one.trim().toLowerCase());
  if (excluded.some((one) => one !== '' && matches(one, target))) return undefined;
  return proxy.includes('://') ? proxy : `http://${proxy}`;
}

interface Target {
  /** Name or address, in lower case. */
  readonly host: string;
  readonly port: string;
}

const withBits = /^([^/]+)\/(\d+)$/;
const withPort = /^(\[.+\]|[^:]+):(\d+)$/;

/** @param entry of NO_PROXY: `*`, a network, or a domain or address with or without a port; Go ignores all others */
function matches(entry: string, { host, port }: Target): boolean {
  if (entry === '*') return true;
  const [, network = '', bits] = withBits.exec(entry) ?? [];
  if (isIP(network)) return isIn(host, network, Number(bits));
  const [, named, onlyPort = port] = withPort.exec(entry) ?? [];
  if (onlyPort !== port) return false;
  // An address has brackets only before a port.
  const name = named === undefined ? entry : withoutBrackets(named);
  if (isIP(name)) return isIn(host, name, bitsOf(name));
  // The end of an address is not a domain.
  if (isIP(host)) return false;
  const domain = name.replace(/^\*\./, '.');
  return host === domain || host.endsWith(domain.startsWith('.') ? domain : `.${domain}`);
}

/** @param bits of the network; more than its address has match nothing */
function isIn(host: string, network: string, bits: number): boolean {
  return bits <= bitsOf(network) && createNetworks([`${network}/${bits}`])(host);
}

function bitsOf(address: string): number {
  return isIPv6(address) ? 128 : 32;
}

function withoutBrackets(host: string): string {
  return host.replace(/^\[|\]$/g, '');
}
