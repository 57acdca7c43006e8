import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import { answerUnroutable } from './broken-request.ts';
import type { Pipeline } from './pipeline.ts';
import { answerServerOptions, type RecordResponse, reject } from './rejected-request.ts';
import { findRejection } from './rejection.ts';

// biome-ignore lint/suspicious/noExplicitAny: any Hono app, whatever its environment
export type ServedApp = Pick<Hono<any>, 'fetch'>;

/** @returns a listener that passes valid requests to the app, in the order of the pipeline, and rejects the others */
export function createListener(app: ServedApp, pipeline: Pipeline, record: RecordResponse): RequestListener {
  // The host name of a request without Host, which HTTP/1.0 allows.
  const adapter = { hostname: 'localhost', errorHandler: answerUnroutable(record) };
  const answer = getRequestListener(app.fetch, adapter);
  function process(request: IncomingMessage, response: ServerResponse): void {
    const rejection = findRejection(request);
    if (rejection) reject(response, rejection, record);
    else if (request.method === 'OPTIONS' && request.url === '*') answerServerOptions(response, record);
    else {
      normalizeHost(request);
      // The adapter handles errors of the app. An error of its own must not end the process.
      answer(request, response).catch(() => response.destroy());
    }
  }
  return (request, response) => pipeline.enter(request, response, () => process(request, response));
}

/** Adapts the host and an absolute target to the adapter, which rejects some spellings of RFC 3986 sections 3.1 and 3.2. */
function normalizeHost(request: IncomingMessage): void {
  const { headers, url = '' } = request;
  const host = headers.host ?? '';
  if (host.startsWith('[') || host.endsWith(':')) headers.host = URL.parse(`http://${host}`)?.host ?? host;
  if (/^http/i.test(url)) request.url = url.replace(/^https?:/i, (scheme) => scheme.toLowerCase());
}
