import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Fault, isWatchFault, type ProxyRequest } from './fault.ts';
import { type Upstream, withoutHop } from './upstream.ts';
import { watchPieces } from './watch-lines.ts';

/** A request in flight. */
export interface Exchange {
  incoming: IncomingMessage;
  outgoing: ServerResponse;
  request: ProxyRequest;
  fault: Fault | undefined;
  /** Called when the fault takes effect. */
  onFault: (fault: Fault) => void;
  upstream: Upstream;
  signal: AbortSignal;
}

/**
 * Passes a request to the API server and applies the fault.
 *
 * @throws Error if either connection fails
 */
export async function answer(exchange: Exchange): Promise<void> {
  const { incoming, outgoing, request, fault, onFault, upstream, signal } = exchange;
  if (fault && !isWatchFault(fault) && fault.kind !== 'cutAfterBytes') onFault(fault);
  if (fault?.kind === 'cut') return void outgoing.destroy();
  if (fault?.kind === 'answer') return reject(incoming, outgoing, fault);
  if (fault?.kind === 'delay') await sleep(fault.ms, undefined, { signal });
  const response = await upstream.pass(incoming, outgoing, pathOf(incoming, request, fault));
  if (fault?.kind === 'loseAnswer') return void outgoing.destroy();
  outgoing.writeHead(response.statusCode ?? 502, withoutHop(response));
  outgoing.flushHeaders();
  if (request.isWatch && response.statusCode === 200) await passWatch(response, exchange);
  else await passBody(response, exchange);
}

function pathOf({ url = '/' }: IncomingMessage, { path, query }: ProxyRequest, fault: Fault | undefined): string {
  if (fault?.kind !== 'shortWatch') return url;
  const changed = new URLSearchParams(query);
  changed.set('timeoutSeconds', String(fault.timeoutSeconds));
  return `${path}?${changed}`;
}

/** Answers as the API server does, with a metav1.Status. */
function reject(incoming: IncomingMessage, outgoing: ServerResponse, fault: Extract<Fault, { kind: 'answer' }>): void {
  const { status, reason = '', retryAfterSeconds, body = statusObject(status, reason) } = fault;
  const retryAfter = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
  incoming.resume();
  outgoing.writeHead(status, { 'content-type': 'application/json', ...retryAfter });
  outgoing.end(body);
}

/** A metav1.Status as JSON. */
export function statusObject(code: number, reason: string): string {
  return JSON.stringify({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'injected by the fault proxy',
    reason,
    code,
  });
}

async function passWatch(response: IncomingMessage, { outgoing, fault, onFault }: Exchange): Promise<void> {
  for await (const piece of watchPieces(response, isWatchFault(fault) ? fault : undefined)) {
    if (piece.faulty && fault) onFault(fault);
    if (piece.text) await write(outgoing, piece.text);
    if (piece.next === 'cut') return void outgoing.destroy();
    if (piece.next === 'silence') return void (await closed(outgoing));
    if (piece.next === 'end') break;
  }
  outgoing.end();
}

async function passBody(response: IncomingMessage, { outgoing, fault, onFault }: Exchange): Promise<void> {
  let left = fault?.kind === 'cutAfterBytes' ? fault.bytes : Number.POSITIVE_INFINITY;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    await write(outgoing, chunk.subarray(0, left));
    left -= chunk.length;
    if (left >= 0 || !fault) continue;
    onFault(fault);
    return void outgoing.destroy();
  }
  outgoing.end();
}

/** Writes and waits until the data is sent, so that a cut comes after it. */
function write(outgoing: ServerResponse, chunk: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => outgoing.write(chunk, (error) => (error ? reject(error) : resolve())));
}

async function closed(outgoing: ServerResponse): Promise<void> {
  if (!outgoing.closed) await once(outgoing, 'close');
}
