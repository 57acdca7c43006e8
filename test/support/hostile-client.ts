/**
 * A worker thread that sends the most expensive requests that the operator accepts over many connections, until its
 * parent posts a message. Then it posts how often each kind of request got each status.
 */
import { Agent, type RequestOptions, request } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';

export interface HostileOptions {
  /** URL of the platform API. */
  url: string;
  /** A valid token. */
  token: string;
  /** Path of a listing. */
  listing: string;
  connections: number;
}

/** Number of responses by kind of request and status, or error code. */
export type HostileCounts = Record<string, Record<string, number>>;

interface Kind extends RequestOptions {
  body?: string;
}

const bodySize = 65_000;
const headerSize = 14_000;
const repeat = (unit: string, size: number) => unit.repeat(Math.floor(size / unit.length));
const number = (unit: (n: string) => string, count: number) =>
  Array.from({ length: count }, (_, index) => unit(index.toString(36))).join('');

const tokenPath = '/apis/ghippo.io/v1alpha1/token';
const json = { 'Content-Type': 'application/json' };
const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
const post = (path: string, headers: Record<string, string>, body: string): Kind => ({
  method: 'POST',
  path,
  headers: { ...headers, 'Content-Length': String(Buffer.byteLength(body)) },
  body,
});
const get = (path: string, headers: Record<string, string> = {}): Kind => ({ path, headers });

function kindsOf({ token, listing }: HostileOptions): Record<string, Kind> {
  const authorized = { Authorization: `Bearer ${token}` };
  const absent = number((n) => `,!a${n}.${'b'.repeat(50)}/c`, 100).slice(1);
  const values = number((n) => `,v${n}`, 2_500).slice(1);
  return {
    'JSON, many names': post(tokenPath, json, `{${number((n) => `"${n}":1,`, 7_000)}"":1}`),
    'JSON, nested': post(tokenPath, json, `{"a":${'['.repeat(bodySize / 2)}${']'.repeat(bodySize / 2)}}`),
    'form, repeated name': post(tokenPath, form, repeat('a&', bodySize)),
    'form, long values': post(
      tokenPath,
      form,
      number((n) => `${n}=${'+'.repeat(60)}&`, 1_000),
    ),
    'OAuth form': post(
      '/oauth2/token',
      form,
      number((n) => `${n}=${'%41'.repeat(20)}&`, 1_000),
    ),
    query: get(`${tokenPath}?${number((n) => `${n}=%41&`, 999)}`),
    path: get(`/${repeat('%ff/', headerSize)}`),
    cookies: get('/login', { Cookie: number((n) => `${n}=1; `, 2_000) }),
    'Accept-Language': get('/login', { 'Accept-Language': repeat('a;q=0.1,', headerSize) }),
    'Accept-Encoding': get('/openapi.json', { 'Accept-Encoding': repeat('a;q=0.1,', headerSize) }),
    'If-None-Match': get('/openapi.json', { 'If-None-Match': repeat('"a",', headerSize) }),
    Forwarded: get(tokenPath, { Forwarded: repeat('for="', headerSize), 'X-Forwarded-For': '1' }),
    'Content-Type': post(tokenPath, { 'Content-Type': `a/b;${' '.repeat(headerSize)}c` }, ''),
    'Authorization, Bearer': get(listing, { Authorization: `Bearer ${repeat('e30.', headerSize)}e30` }),
    'Authorization, Basic': get(tokenPath, { Authorization: `Basic ${repeat('YTph', headerSize)}` }),
    'listing, absent labels': get(`${listing}?pageSize=500&labelSelector=${encodeURIComponent(absent)}`, authorized),
    'listing, values': get(`${listing}?pageSize=500&labelSelector=a+notin+(${values})`, authorized),
    'listing, sorted': get(`${listing}?pageSize=500&sortBy=field_name&fuzzyName=a`, authorized),
  };
}

const options = workerData as HostileOptions;
const agent = new Agent({ keepAlive: true, maxSockets: options.connections });
const counts: HostileCounts = {};
let isStopped = false;

/** @returns the status or the error code */
function send({ body = '', ...kind }: Kind): Promise<string> {
  return new Promise((resolve) => {
    const call = request(options.url, { ...kind, agent }, (response) => {
      response.resume().on('close', () => resolve(String(response.statusCode)));
    });
    call.on('error', (error: NodeJS.ErrnoException) => resolve(String(error.code)));
    call.end(body);
  });
}

async function attack(kinds: readonly [string, Kind][], offset: number): Promise<void> {
  for (let index = offset; !isStopped; index += 1) {
    const [name, kind] = kinds[index % kinds.length] as [string, Kind];
    const status = await send(kind);
    const ofKind = counts[name] ?? {};
    ofKind[status] = (ofKind[status] ?? 0) + 1;
    counts[name] = ofKind;
  }
}

parentPort?.once('message', () => {
  isStopped = true;
});
const kinds = Object.entries(kindsOf(options));
await Promise.all(Array.from({ length: options.connections }, (_, index) => attack(kinds, index)));
agent.destroy();
parentPort?.postMessage(counts);
