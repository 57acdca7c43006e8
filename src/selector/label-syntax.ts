/**
 * What labels can be (https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/, apimachinery's
 * IsQualifiedName and IsValidLabelValue).
 */
import { isDnsSubdomain } from '../kube/names.ts';

const maxName = 63;

const name = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

/** A name of at most 63 characters, or a DNS subdomain, a slash and a name. */
export function isLabelKey(key: string): boolean {
  const parts = key.split('/');
  if (parts.length > 2) return false;
  const [domain, last = ''] = parts.length === 2 ? parts : [undefined, key];
  return isName(last) && (domain === undefined || isDnsSubdomain(domain));
}

/** Empty, or a name of at most 63 characters. */
export function isLabelValue(value: string): boolean {
  return value === '' || isName(value);
}

const isName = (text: string): boolean => text.length <= maxName && name.test(text);

const maxInt64 = 2n ** 63n - 1n;

/** The value of a label as a 64-bit integer, undefined when it is none. A label has no sign. */
export function toInt64(value: string): bigint | undefined {
  if (!/^[0-9]+$/.test(value)) return undefined;
  const number = BigInt(value);
  return number <= maxInt64 ? number : undefined;
}
