/**
 * A load generator over plain sockets: it shares the cores with the server, so it does as little as it can. Each
 * connection sends a request, waits for its answer and sends the next.
 */
import { connect, type Socket } from 'node:net';

export interface LoadOptions {
  host: string;
  port: number;
  /** Connections, each with one request under way. */
  connections: number;
  seconds: number;
  /** The n-th request, whole: `GET /path HTTP/1.1\r\nHost: …\r\n\r\n`. */
  request: (n: number) => string;
  /** The status that an answer must have. */
  status: number;
}

export interface LoadResult {
  perSecond: number;
  /** Answers of another status, and connections that broke. */
  errors: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
  p999: number;
}

/** Runs load for a time, and says what came of it. */
export async function load(options: LoadOptions): Promise<LoadResult> {
  const latencies: number[] = [];
  const end = performance.now() + options.seconds * 1000;
  const expected = `HTTP/1.1 ${options.status} `;
  let next = 0;
  let errors = 0;
  const startedAt = performance.now();

  function drive(socket: Socket): Promise<void> {
    return new Promise((resolve) => {
      let sentAt = 0;
      let buffered = '';
      const send = () => {
        if (performance.now() >= end) return void socket.end();
        sentAt = performance.now();
        socket.write(options.request(next++));
      };
      socket.on('data', (chunk) => {
        buffered += chunk.toString('latin1');
        if (!isWhole(buffered)) return;
        if (!buffered.startsWith(expected)) errors += 1;
        latencies.push(performance.now() - sentAt);
        buffered = '';
        send();
      });
      socket.on('error', () => {
        errors += 1;
      });
      socket.on('close', () => resolve());
      socket.once('connect', send);
    });
  }

  const { host, port, connections } = options;
  const sockets = Array.from({ length: connections }, () => connect({ host, port, noDelay: true }));
  await Promise.all(sockets.map(drive));
  const seconds = (performance.now() - startedAt) / 1000;
  latencies.sort((a, b) => a - b);
  const quantile = (q: number) => latencies[Math.min(latencies.length - 1, Math.floor(q * latencies.length))] ?? 0;
  const [p50, p99, p999] = [quantile(0.5), quantile(0.99), quantile(0.999)];
  return { perSecond: latencies.length / seconds, errors, p50, p99, p999 };
}

/** Whether an answer with a Content-Length is there whole. */
function isWhole(answer: string): boolean {
  const head = answer.indexOf('\r\n\r\n');
  if (head < 0) return false;
  const length = /\r\ncontent-length: (\d+)/i.exec(answer.slice(0, head));
  return answer.length >= head + 4 + Number(length?.[1] ?? 0);
}
