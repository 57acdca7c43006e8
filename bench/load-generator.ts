/**
 * A load generator that leaves the processor to what is measured: raw sockets that are kept alive, requests that were
 * written as bytes before, and of the answers only the status and the length are read. No pipelining: each connection has
 * one request under way, as the clients of a real server have.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectSecurely } from 'node:tls';

/** What is asked for again and again. */
export interface Load {
  name: string;
  /** The n-th request, whole and in bytes. */
  request: (n: number) => Buffer;
  /** Of every answer; another one is an error. */
  status: number;
}

/** What came of a load. */
export interface Answered {
  /** Good answers. */
  count: number;
  /** Answers with another status, and connections that broke. */
  errors: number;
  seconds: number;
  /** From the first byte sent to the last one read, nanoseconds. */
  latency: RecordableHistogram;
  /** CPU time of this process, seconds. */
  cpuSeconds: number;
}

/** Who is asked, at 127.0.0.1. */
export interface Target {
  port: number;
  /** For HTTPS: PEM of the authority that its certificate is from. */
  certificateAuthority?: string;
}

/**
 * Asks for a load over so many connections for so many seconds.
 *
 * @param targets one, or replicas of one: the connections go to them in turn
 */
export async function run(
  load: Load,
  targets: readonly [Target, ...Target[]],
  connections: number,
  seconds: number,
): Promise<Answered> {
  const latency = createHistogram();
  const total = { count: 0, errors: 0 };
  let sent = 0;
  let stopped = false;
  const next = () => (stopped ? undefined : load.request(sent++));
  const note = (status: number, nanoseconds: number) => {
    latency.record(Math.max(1, nanoseconds));
    if (status === load.status) total.count += 1;
    else total.errors += 1;
  };
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  const clients = Array.from({ length: connections }, (_, n) => {
    return askAgainAndAgain(targets[n % targets.length] ?? targets[0], next, note);
  });
  await sleep(seconds * 1000);
  stopped = true;
  const broken = (await Promise.allSettled(clients)).filter(({ status }) => status === 'rejected').length;
  const { user, system } = process.cpuUsage(cpu);
  total.errors += broken;
  return { ...total, seconds: (performance.now() - startedAt) / 1000, latency, cpuSeconds: (user + system) / 1e6 };
}

/** One connection: the next request goes out when the answer to the one before has come. */
async function askAgainAndAgain(
  target: Target,
  next: () => Buffer | undefined,
  note: (status: number, nanoseconds: number) => void,
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
  onAnswers(socket, (status) => {
    note(status, Math.round((performance.now() - sentAt) * 1e6));
    send();
  });
  socket.once('close', () => reject(new Error('the connection was closed')));
  socket.once('error', reject);
  send();
  await promise;
}

async function open({ port, certificateAuthority: ca }: Target): Promise<Socket> {
  const to = { port, host: '127.0.0.1' };
  const socket = ca === undefined ? connect(to) : connectSecurely({ ...to, ca, ALPNProtocols: ['http/1.1'] });
  await once(socket, ca === undefined ? 'connect' : 'secureConnect');
  return socket.setNoDelay();
}

/** Calls back with the status of each answer when its last byte has come. */
function onAnswers(socket: Socket, answered: (status: number) => void): void {
  let head = '';
  let isComplete: ((bytes: Buffer) => boolean) | undefined;
  socket.on('data', (chunk: Buffer) => {
    let bytes = chunk;
    if (!isComplete) {
      head += chunk.toString('latin1');
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      isComplete = bodyCheck(head);
      bytes = chunk.subarray(chunk.length - (head.length - end - 4));
    }
    if (!isComplete(bytes)) return;
    const status = Number(head.slice(9, 12));
    [head, isComplete] = ['', undefined];
    answered(status);
  });
}

/** What ends an answer in chunks; JSON without line breaks has it nowhere else. */
const lastChunk = Buffer.from('\r\n0\r\n\r\n');

/** Makes the check whether a body is complete with the bytes that have just come. */
function bodyCheck(head: string): (bytes: Buffer) => boolean {
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
  if (length !== undefined) {
    let left = Number(length);
    return (bytes) => {
      left -= bytes.length;
      return left <= 0;
    };
  }
  if (!/\r\ntransfer-encoding: chunked/i.test(head))
    throw new Error(`an answer without a length: ${head.slice(0, 15)}`);
  let tail = Buffer.alloc(0);
  return (bytes) => {
    tail = Buffer.concat([tail, bytes]).subarray(-lastChunk.length);
    return tail.equals(lastChunk);
  };
}
