/**
 * A load generator that uses little CPU: it sends prepared bytes over raw keep-alive sockets and reads only the status
 * and the length of responses. Without pipelining: each connection has one request in flight, like real clients.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';

/** Requests that are sent repeatedly. */
export interface Load {
  name: string;
  /** Returns the n-th request with head and body. */
  request: (n: number) => Buffer;
  /** Expected status of all responses. */
  status: number;
}

export interface LoadResult {
  /** Number of responses with the expected status. */
  count: number;
  /** Number of responses with another status and of broken connections. */
  errors: number;
  seconds: number;
  /** Time from the first byte sent to the last byte received, nanoseconds. */
  latency: RecordableHistogram;
  /** CPU time of this process, seconds. */
  cpuSeconds: number;
}

/** A server at 127.0.0.1. */
export interface Target {
  port: number;
  /** PEM certificate of the CA for HTTPS. If unset, plain HTTP is used. */
  certificateAuthority?: string;
}

export interface LoadOptions {
  load: Load;
  /** The server, or its replicas, over which the connections are distributed evenly. */
  targets: readonly [Target, ...Target[]];
  connections: number;
  seconds: number;
}

export async function runLoad({ load, targets, connections, seconds }: LoadOptions): Promise<LoadResult> {
  const latency = createHistogram();
  const total = { count: 0, errors: 0 };
  let sent = 0;
  let stopped = false;
  const next = () => (stopped ? undefined : load.request(sent++));
  const record = (status: number, nanoseconds: number) => {
    latency.record(Math.max(1, nanoseconds));
    if (status === load.status) total.count += 1;
    else total.errors += 1;
  };
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  const clients = Array.from({ length: connections }, (_, n) => {
    return sendRepeatedly(targets[n % targets.length] ?? targets[0], next, record);
  });
  await sleep(seconds * 1000);
  stopped = true;
  const broken = (await Promise.allSettled(clients)).filter(({ status }) => status === 'rejected').length;
  const { user, system } = process.cpuUsage(cpu);
  total.errors += broken;
  return { ...total, seconds: (performance.now() - startedAt) / 1000, latency, cpuSeconds: (user + system) / 1e6 };
}

/** Opens a connection and sends each request after the response to the previous one. */
async function sendRepeatedly(
  target: Target,
  next: () => Buffer | undefined,
  record: (status: number, nanoseconds: number) => void,
): Promise<void> {
  const socket = await open(target);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let sentAt = 0;
  const send = () => {
    const request = next();
    if (!request) return void socket.end(resolve);
    sentAt = performance.now();
    socket.write(request);
  };
  onResponses(socket, (status) => {
    record(status, Math.round((performance.now() - sentAt) * 1e6));
    send();
  });
  socket.once('close', () => reject(new Error('the connection was closed')));
  socket.once('error', reject);
  send();
  await promise;
}

async function open({ port, certificateAuthority: ca }: Target): Promise<Socket> {
  const address = { port, host: '127.0.0.1' };
  const socket = ca === undefined ? connect(address) : connectTls({ ...address, ca, ALPNProtocols: ['http/1.1'] });
  await once(socket, ca === undefined ? 'connect' : 'secureConnect');
  return socket.setNoDelay();
}

/** Calls back with the status of each response when its last byte was received. */
function onResponses(socket: Socket, onResponse: (status: number) => void): void {
  let head = '';
  let isComplete: ((bytes: Buffer) => boolean) | undefined;
  socket.on('data', (chunk: Buffer) => {
    let bytes = chunk;
    if (!isComplete) {
      head += chunk.toString('latin1');
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      isComplete = createBodyCheck(head);
      bytes = chunk.subarray(chunk.length - (head.length - end - 4));
    }
    if (!isComplete(bytes)) return;
    const status = Number(head.slice(9, 12));
    [head, isComplete] = ['', undefined];
    onResponse(status);
  });
}

/** The end of a chunked response. JSON without line breaks does not contain it. */
const lastChunk = Buffer.from('\r\n0\r\n\r\n');

/** Returns a function that takes the next bytes of a body and returns whether the body is complete. */
function createBodyCheck(head: string): (bytes: Buffer) => boolean {
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
  if (length !== undefined) {
    let remaining = Number(length);
    return (bytes) => {
      remaining -= bytes.length;
      return remaining <= 0;
    };
  }
  if (!/\r\ntransfer-encoding: chunked/i.test(head)) throw new Error(`response without a length: ${head.slice(0, 15)}`);
  let tail = Buffer.alloc(0);
  return (bytes) => {
    tail = Buffer.concat([tail, bytes]).subarray(-lastChunk.length);
    return tail.equals(lastChunk);
  };
}
