/** Sends requests to the token server. Uses only node:http, which starts faster than a fetch that accepts a CA. */
import type { IncomingMessage, RequestOptions } from 'node:http';
import { isLoopback } from './server.ts';
import type { Environment } from './source.ts';
import { TokenError } from './token-error.ts';

const timeoutMs = 10_000;
const maxResponseBytes = 64 * 1024;

/** A request. The URL contains no secret. */
export interface ServerRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface ServerResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface SendOptions {
  /** PEM of the certificate authorities to trust; default: those of Node. */
  readonly ca?: string | undefined;
  /** HTTPS_PROXY, HTTP_PROXY and NO_PROXY; proxies are never used for loopback addresses. */
  readonly env: Environment;
  /** Ends the request. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Sends a request. Redirects are not followed, because they would send the credential to another address.
 *
 * @throws TokenError with the problem `unavailable` if there is no complete response; the reason of the signal if it aborts
 */
export async function send(request: ServerRequest, options: SendOptions): Promise<ServerResponse> {
  const url = new URL(request.url);
  try {
    const response = await open(url, request, options);
    return { status: response.statusCode ?? 0, headers: response.headers, body: await readBody(response) };
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof TokenError) throw error;
    throw new TokenError('unavailable', `cannot reach ${url.origin}: ${describe(error)}`, hintFor(error));
  }
}

async function open(
  url: URL,
  { method, headers, body }: ServerRequest,
  { ca, env, signal }: SendOptions,
): Promise<IncomingMessage> {
  const secure = url.protocol === 'https:';
  const { request, Agent } = secure ? await import('node:https') : await import('node:http');
  const proxyEnv = isLoopback(url.hostname) ? {} : { proxyEnv: env };
  const agent = new Agent({ keepAlive: false, ...(secure && ca !== undefined && { ca }), ...proxyEnv } as object);
  const limit = AbortSignal.timeout(timeoutMs);
  const options: RequestOptions = { method, headers, agent, signal: signal ? AbortSignal.any([signal, limit]) : limit };
  return new Promise((resolve, reject) => {
    request(url, options, resolve).on('error', reject).end(body);
  });
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxResponseBytes) {
      response.destroy();
      throw new TokenError('invalid-response', `the response has more than ${maxResponseBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name server does not respond',
  ETIMEDOUT: 'no response in time',
  EHOSTUNREACH: 'no route to the host',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is signed by an unknown authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is signed by an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is signed by an unknown authority',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host name',
  EPROTO: 'it does not use TLS',
};

function describe(error: unknown): string {
  const { code, name, message } = error as NodeJS.ErrnoException;
  if (name === 'TimeoutError' || name === 'AbortError') return `no response within ${timeoutMs / 1000} s`;
  return reasons[code ?? ''] ?? firstLine(code ?? message);
}

function hintFor(error: unknown): { hint?: string } {
  const { code = '' } = error as NodeJS.ErrnoException;
  const isUnknownAuthority = /^(DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/.test(code);
  return isUnknownAuthority ? { hint: 'Name the certificate authority with --ca-file.' } : {};
}

function firstLine(text = 'unknown error'): string {
  return text.split('\n', 1)[0] ?? text;
}
