/** The URL of the token server. */
import { isIPv4 } from 'node:net';
import { TokenError } from './token-error.ts';

/** Variable that has the URL if `--server` is not set; also that of the services in examples/consumers. */
export const serverVariable = 'ACCESSKEY_URL';

/**
 * Checks the URL of a token server. Plain http would send the secret key unencrypted, so it is only allowed to loopback
 * addresses, or if the user asks for it.
 *
 * @param from the flag or variable with the URL, for messages
 * @returns the URL without a trailing slash
 * @throws TokenError that does not repeat the URL if it contains a password or a query
 */
export function parseServer(text: string, allowPlainHTTP: boolean, from = '--server'): string {
  const url = URL.parse(text);
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new TokenError('usage', `${from}: must be an https URL`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new TokenError('usage', `${from}: must not contain a user name or a password`);
  }
  if (/[?#]/.test(text)) throw new TokenError('usage', `${from}: must not have a query or a fragment`);
  if (url.protocol === 'http:' && !allowPlainHTTP && !isLoopback(url.hostname)) {
    throw new TokenError('usage', `${from}: ${url.origin} does not use https`, {
      hint: 'Plain http sends the credential unencrypted. Use https, or --allow-plain-http in a network that you trust.',
    });
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

/** Whether a host of a URL is this machine. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || (isIPv4(hostname) && hostname.startsWith('127.'));
}
