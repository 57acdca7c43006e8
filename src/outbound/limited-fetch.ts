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

/** Code of the cause if a response is compressed. */
export const contentEncodingCode = 'ERR_CONTENT_ENCODING';

/**
 * Creates a fetch function that follows no redirects and limits the time and size of a response. The limit is that of the
 * bytes that arrive, so compressed responses, which can be a thousand times as large, are neither requested nor accepted.
 */
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
      const response = await fetch(url, {
        ...{ method, body, signal, redirect: 'manual', dispatcher },
        headers: { ...plain, 'accept-encoding': 'identity' },
      });
      if ((response.headers.get('content-encoding') ?? 'identity').toLowerCase() === 'identity')
        return response as unknown as Response;
      await response.body?.cancel();
      const cause = Object.assign(new Error('response has a Content-Encoding'), { code: contentEncodingCode });
      throw new TypeError('fetch failed', { cause });
    },
    close: () => dispatcher.close(),
  };
}

/** Whether a response with this status means that the same request may succeed later. */
export function isTemporaryStatus(status: number): boolean {
  return status >= 500 || status === 429;
}
