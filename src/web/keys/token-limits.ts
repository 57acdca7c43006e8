/** The limits of a pair in the form: token lifetime and allowed networks; pure. The schema of the CRD has the same rules. */
import { isIP } from 'node:net';
import { durationMs } from '../../kube/duration.ts';

const minLifetimeMs = 600_000;
const maxNetworks = 16;

/** Whether a text is a lifetime that the CRD accepts: hours, minutes and seconds, at least ten minutes. */
export function isTokenLifetime(text: string): boolean {
  return text.length <= 21 && durationMs(text) >= minLifetimeMs;
}

/** @returns the items of a text, separated by lines, blanks or commas */
export function parseList(text: string): string[] {
  return text.split(/[\s,]+/).filter((one) => one !== '');
}

/** Whether the CRD accepts these networks: at most 16, different ones, without bits after the prefix. */
export function areNetworks(networks: readonly string[]): boolean {
  return networks.length <= maxNetworks && new Set(networks).size === networks.length && networks.every(isNetwork);
}

function isNetwork(text: string): boolean {
  const [, address = '', prefix = ''] = /^([0-9A-Fa-f:.]{2,39})\/(0|[1-9]\d{0,2})$/.exec(text) ?? [];
  const bits = bitsOf(address);
  return bits !== undefined && Number(prefix) <= bits.length && !bits.slice(Number(prefix)).includes('1');
}

/** @returns the bits of an address as text; undefined if it is none */
function bitsOf(address: string): string | undefined {
  if (isIP(address) === 4) return toBits(address.split('.').map(Number), 8);
  if (isIP(address) !== 6) return undefined;
  // The URL parser writes IPv6 addresses in one form, without dotted decimals.
  const [head = '', tail] = (URL.parse(`http://[${address}]`)?.hostname.slice(1, -1) ?? '').split('::');
  const groupsIn = (part = '') => part.split(':').filter((one) => one !== '');
  const [first, last] = [groupsIn(head), groupsIn(tail)];
  const zeros = Array<string>(8 - first.length - last.length).fill('0');
  return toBits(
    [...first, ...zeros, ...last].map((one) => Number.parseInt(one, 16)),
    16,
  );
}

function toBits(parts: readonly number[], size: number): string {
  return parts.map((one) => one.toString(2).padStart(size, '0')).join('');
}
