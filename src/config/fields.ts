/** Field types that several sections of the configuration share. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { durationMs, durationPattern } from '../kube/duration.ts';
import { isDnsLabel, isDnsSubdomain } from '../kube/names.ts';

export const port = z.int().min(0).max(65535);
export const ipAddress = z.string().refine((text) => isIP(text) !== 0, 'must be an IPv4 or IPv6 address');
export const name = z.string().refine(isDnsSubdomain, 'must be a lower-case RFC 1123 name');
export const label = z.string().refine(isDnsLabel, 'must be a lower-case RFC 1123 label');

/** StringOrURI of RFC 7519, without characters that would need escaping in a header. */
export const stringOrURI = z
  .string()
  .regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,2048}$/, 'must be printable ASCII without spaces, quotes and backslashes');

const durationRule = 'must be a duration in hours, minutes and seconds, for example 1h or 1h30m';

/** A duration in hours, minutes and seconds, as in an AccessKey, at least ten minutes. The value is in seconds. */
export const lifetime = z
  .string({ error: durationRule })
  .regex(durationPattern, durationRule)
  .transform((text) => durationMs(text) / 1000)
  .refine((seconds) => seconds >= 600, 'must be at least 10m');

export const cidr = z.union([z.cidrv4(), z.cidrv6()], { error: 'must be a CIDR, for example 10.0.0.0/8' });

/** An http or https URL. No further rule is applied to an invalid one, so that it can parse the URL without an error. */
export function webUrl(rule: string) {
  return z.url({ protocol: /^https?$/, error: rule, abort: true });
}

/** Whether a valid URL has neither a query, a fragment nor credentials. */
export function hasOnlyPath(url: string): boolean {
  const { username, password } = new URL(url);
  return username === '' && password === '' && !/[?#]/.test(url);
}

export const onlyPathRule = 'must have neither a query, a fragment nor credentials';

const loopbackHosts = ['localhost', '127.0.0.1', '[::1]'];

/** Whether a text is an https URL, or an http URL of a loopback address, which tests use. */
export function isSecureUrl(text: string): boolean {
  const url = URL.parse(text);
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && loopbackHosts.includes(url.hostname));
}
