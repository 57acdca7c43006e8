import { Agent, fetch } from 'undici';

/** A fetch function for servers outside of the operator's control, with the options that openid-client and jose pass. */
export type LimitedFetch = (
  url: string,
  options: {
    method?: string;
    headers: Headers | Record<string, string>;
    // biome-ignore lint/suspicious/noExplicitAny: the body types of openid-client and undici differ only in name
    body?: any;
    signal?: AbortSignal | null;
  },
) => Promise<Response>;

export interface LimitedFetchOptions {
  /** PEM of the CAs to trust; if unset, those of Node. */
  ca: string | undefined;
  /** Time for the headers, and for each part of the body, milliseconds. */
  timeoutMs: number;
  maxResponseBytes: number;
}

/** Time for a connection, milliseconds. */
const connectMs = 5_000;
/** An idle connection must not keep the process running. */
const keepAliveMs = 1_000;

/** Creates a fetch function that follows no redirects and limits the time and size of a response. */
export function createLimitedFetch({ ca, timeoutMs, maxResponseBytes }: LimitedFetchOptions): {
  fetch: LimitedFetch;
  close(): Promise<void>;
} {
  const dispatcher = new Agent({
    connect: { timeout: connectMs, ...(ca !== undefined && { ca }) },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxResponseSize: maxResponseBytes,
    keepAliveTimeout: keepAliveMs,
  });
  return {
    async fetch(url, { method = 'GET', headers, body, signal = null }) {
      const plain = headers instanceof Headers ? Object.fromEntries(headers) : headers;
      const response = await fetch(url, { method, headers: plain, body, signal, redirect: 'manual', dispatcher });
      return response as unknown as Response;
    },
    close: () => dispatcher.close(),
  };
}
