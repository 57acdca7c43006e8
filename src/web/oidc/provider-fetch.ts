import { Agent, fetch } from 'undici';

/** Limits of a response of the identity provider: a discovery document, a key set or a token response. */
const maxResponseBytes = 1024 * 1024;
export const timeoutMs = 10_000;
const connectMs = 5_000;

/** A fetch function for the identity provider. openid-client and jose pass the same options. */
export type ProviderFetch = (
  url: string,
  options: {
    method: string;
    headers: Headers | Record<string, string>;
    // biome-ignore lint/suspicious/noExplicitAny: the body types of openid-client and undici differ only in name
    body?: any;
    signal?: AbortSignal | null;
  },
) => Promise<Response>;

/**
 * Creates a fetch function that follows no redirects and limits the time and size of a response.
 *
 * @param ca PEM of the CAs to trust; if unset, those of Node
 */
export function createProviderFetch(ca: string | undefined): { fetch: ProviderFetch; close(): Promise<void> } {
  const dispatcher = new Agent({
    connect: { timeout: connectMs, ...(ca !== undefined && { ca }) },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxResponseSize: maxResponseBytes,
  });
  return {
    async fetch(url, { method, headers, body, signal = null }) {
      const plain = headers instanceof Headers ? Object.fromEntries(headers) : headers;
      const response = await fetch(url, { method, headers: plain, body, signal, redirect: 'manual', dispatcher });
      return response as unknown as Response;
    },
    close: () => dispatcher.close(),
  };
}
