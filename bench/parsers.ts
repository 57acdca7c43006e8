/**
 * Compares the CPU time of each parser of unauthenticated input at two sizes. The ratio is about 8 for a linear parser and 64
 * for a quadratic one. The inputs are the most expensive ones known: many repetitions of the smallest element, unclosed
 * quotes, escapes. This is a benchmark instead of a test because the result also depends on the machine.
 *
 *   node bench/parsers.ts
 *
 * Exits with 1 if a ratio is above the limit.
 */
import type { IncomingMessage } from 'node:http';
import { Hono } from 'hono';
import { getCookie } from 'hono/cookie';
import { HonoRequest } from 'hono/request';
import { selectableFields } from '../src/deployments/filter.ts';
import { basicOf, bearerOf } from '../src/http/common/authorization.ts';
import { formEntries, formType, jsonEntries, readBody } from '../src/http/common/body.ts';
import { acceptsGzip, hasTag } from '../src/http/common/cacheable.ts';
import { createClientAddress } from '../src/http/common/client-address.ts';
import { badRequest } from '../src/http/common/errors.ts';
import { gather } from '../src/http/common/parameters.ts';
import { findRejection } from '../src/http/server/rejection.ts';
import { tokenParameters } from '../src/http/token/request.ts';
import { parseEmbeddedKubeconfig } from '../src/kube/embedded-kubeconfig.ts';
import { parseFieldSelector } from '../src/selector/field-selector.ts';
import { parseLabelSelector } from '../src/selector/label-selector.ts';
import { generateSigningKeys, parseSigningKeys } from '../src/token/keys/signing-keys.ts';
import { verifyToken } from '../src/token/verify.ts';
import { negotiateLanguage } from '../src/web/common/language.ts';
import { joinChunks } from '../src/web/session/cookie.ts';
import { deriveKeys, openSession } from '../src/web/session/session.ts';
import { keyPolicy } from '../test/support/builders.ts';
import { print } from './tables.ts';

/** Sizes of a body and of a header, bytes: the limit, and an eighth of it. */
const factor = 8;
const bodySize = 65_536;
const headerSize = 16_000;
/** Halfway to quadratic, on a logarithmic scale, is 22. */
const maxRatio = 20;

type Parse = (input: string) => unknown;

const addressOf = (forwardedHeader: 'X-Forwarded-For' | 'Forwarded'): Parse => {
  const find = createClientAddress({ trustedProxies: ['0.0.0.0/0'], forwardedHeader });
  return (input) => find('10.0.0.1', () => input);
};

/** Reads something of a request with a header or a query through Hono. */
function throughHono(
  read: (context: Parameters<typeof getCookie>[0]) => unknown,
  init: (input: string) => Request,
): Parse {
  const app = new Hono();
  app.get('*', (context) => {
    read(context);
    return context.body(null);
  });
  return (input) => app.fetch(init(input));
}

const cookies = throughHono(getCookie, (input) => new Request('http://a/', { headers: { Cookie: input } }));
const query = throughHono(
  ({ req }) => gather(Object.entries(req.queries())),
  (input) => new Request(`http://a/?${input}`),
);

/** @returns texts of about `size` characters from a repeated unit */
const repeat =
  (unit: string, before = '', after = '') =>
  (size: number) =>
    before + unit.repeat(Math.max(1, Math.floor((size - before.length - after.length) / unit.length))) + after;
/** @returns texts of numbered units */
const number =
  (unit: (n: string) => string, before = '', after = '') =>
  (size: number) => {
    const parts: string[] = [];
    for (let length = 0; length < size; length += parts.at(-1)?.length ?? 0)
      parts.push(unit(parts.length.toString(36)));
    return before + parts.join('') + after;
  };

const ignoringErrors =
  (parse: Parse): Parse =>
  (input) => {
    try {
      return parse(input);
    } catch {
      return undefined;
    }
  };

const parameters = tokenParameters({ issuer: 'i', defaultCycle: 1, maxCycle: 1 });
const token: Parse = (input) => {
  const { error } = parameters.safeParse(gather(jsonEntries(input)));
  return error && badRequest(error);
};
const routed = throughHono(
  ({ req }) => req.path,
  (input) => new Request(`http://a/${input}`),
);
/** As in the server, which rejects some paths before the app. */
const path: Parse = (input) => {
  const rejection = findRejection({
    httpVersion: '1.1',
    rawHeaders: ['Host', 'a'],
    headers: { host: 'a' },
    url: `/${input}`,
  } as unknown as IncomingMessage);
  return rejection ?? routed(input);
};
const kubeconfig = ignoringErrors((server) =>
  parseEmbeddedKubeconfig(
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'a',
      contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
      clusters: [{ name: 'a', cluster: { server } }],
      users: [{ name: 'a', user: { token: 'a' } }],
    }),
  ),
);
const contentType: Parse = (input) => {
  const request = new HonoRequest(new Request('http://a', { headers: { 'Content-Type': input } }));
  return readBody(request, [formType]).catch(() => undefined);
};
const authorization: Parse = (input) => [bearerOf(input), ignoringErrors(basicOf)(input)];
const sessionKeys = deriveKeys(new Uint8Array(32));
const session: Parse = (input) => openSession(joinChunks([input]) ?? '', sessionKeys, 0);
const host: Parse = (input) =>
  findRejection({
    httpVersion: '1.1',
    rawHeaders: ['Host', input],
    headers: { host: input },
    url: '/',
  } as IncomingMessage);
const signingKeys = await parseSigningKeys(await generateSigningKeys(new Date(), keyPolicy));
const jwt: Parse = async (input) => {
  const none = { find: () => [], userOf: () => undefined };
  const options = { keys: signingKeys, expected: { issuer: 'i' }, now: 0 };
  await verifyToken(input, { ...options, address: undefined, pairs: none, serviceAccounts: none }).catch(
    () => undefined,
  );
};
const labels = ignoringErrors(parseLabelSelector);
const fields = ignoringErrors((input) => parseFieldSelector(input, selectableFields));
const form = ignoringErrors((input) => gather(formEntries(input)));

const cases: [name: string, parse: Parse, input: (size: number) => string, size: number][] = [
  ['form, long values', form, number((n) => `${n}=${'+'.repeat(70)}&`), bodySize],
  ['form, percent-encoded', form, repeat('%e2%82%ac'), bodySize],
  ['form, too many parameters', form, repeat('a&'), bodySize],
  ['JSON, many names', (input) => gather(jsonEntries(input)), number((n) => `"${n}":1,`, '{', '"":1}'), bodySize],
  ['JSON, repeated name', (input) => gather(jsonEntries(input)), repeat('"":1,', '{', '"":1}'), bodySize],
  ['JSON, escapes', jsonEntries, repeat('\\"', '{"', '":1}'), bodySize],
  ['JSON, nested', jsonEntries, (size) => `{"":${'['.repeat(size / 2)}${']'.repeat(size / 2)}}`, bodySize],
  ['JSON, whitespace', jsonEntries, repeat(' ', '{"a":', '1}'), bodySize],
  ['JSON, unknown names', token, number((n) => `"${n}":1,`, '{', '"":1}'), bodySize],
  ['JSON, nested objects', jsonEntries, (size) => `${'{"":'.repeat(size / 5)}1${'}'.repeat(size / 5)}`, bodySize],
  ['Content-Type, parameters', contentType, repeat(';a="', 'a/b'), headerSize],
  ['Content-Type, names', contentType, number((n) => `;${n}=1`, 'a/b'), headerSize],
  ['Content-Type, spaces', contentType, repeat(' ', 'a/b;', 'x'), headerSize],
  ['Authorization, spaces', authorization, repeat(' ', 'Bearer', ','), headerSize],
  ['Authorization, Basic', authorization, repeat('====', 'Basic '), headerSize],
  ['JWT, parts', jwt, repeat('.'), headerSize],
  ['JWT, long header', jwt, repeat('W1tb', '', '.e30.e30'), headerSize],
  ['kubeconfig, server', kubeconfig, repeat('/', 'https://a', 'x'), bodySize],
  ['session cookie', session, repeat('A', '1.', '....'), headerSize],
  ['Host', host, repeat('a.', '', ':'), headerSize],
  ['Host, brackets', host, repeat('[:'), headerSize],
  ['path, slashes', path, repeat('/'), headerSize],
  ['path, dot segments', path, repeat('/.x'), headerSize],
  ['path, not UTF-8', path, repeat('%ff/', '/'), headerSize],
  ['path, invalid escapes', path, repeat('%ff%/', '/'), headerSize],
  ['query, separators', query, repeat('=', 'a'), headerSize],
  ['query, repeated name', query, repeat('a&'), headerSize],
  ['query, many names', query, number((n) => `${n}&`), headerSize],
  ['query, percent-encoded', query, repeat('%e2%82%ac'), headerSize],
  ['cookies', cookies, number((n) => `${n}=1; `), headerSize],
  ['cookies, separators', cookies, repeat(';'), headerSize],
  ['If-None-Match', (input) => hasTag(input, 'W/"x"'), repeat('"a",'), headerSize],
  ['If-None-Match, quotes', (input) => hasTag(input, 'W/"x"'), repeat('"'), headerSize],
  ['If-None-Match, unclosed', (input) => hasTag(input, 'W/"x"'), repeat('a', '"'), headerSize],
  ['Accept-Encoding', acceptsGzip, repeat('a,'), headerSize],
  ['Accept-Encoding, parameters', acceptsGzip, repeat(';q'), headerSize],
  ['Accept-Language', negotiateLanguage, repeat('a;q=0.1,'), headerSize],
  ['Accept-Language, parameters', negotiateLanguage, repeat(';q="'), headerSize],
  ['X-Forwarded-For', addressOf('X-Forwarded-For'), repeat('1.1.1.1,'), headerSize],
  ['X-Forwarded-For, colons', addressOf('X-Forwarded-For'), repeat(':'), headerSize],
  ['Forwarded', addressOf('Forwarded'), repeat('for=1.1.1.1,'), headerSize],
  ['Forwarded, escapes', addressOf('Forwarded'), repeat('\\"', '"'), headerSize],
  ['Forwarded, spaces', addressOf('Forwarded'), repeat('; '), headerSize],
  ['label selector', labels, number((n) => `,k${n}=v`, 'a'), headerSize],
  ['label selector, values', labels, number((n) => `,v${n}`, 'a in (b', ')'), headerSize],
  ['label selector, repeated', labels, repeat('!'), headerSize],
  ['field selector', fields, repeat('metadata.name=a,', '', 'metadata.name=b'), headerSize],
  ['field selector, escapes', fields, repeat('\\\\', 'metadata.name='), headerSize],
];

/** @returns CPU time of one call, microseconds: the minimum of several rounds, which other processes disturb least */
async function measure(parse: Parse, input: string, rounds = 7): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const before = process.cpuUsage();
    let calls = 0;
    for (let used = 0; used < 20_000; calls += 1) {
      await parse(input);
      const { user, system } = process.cpuUsage(before);
      used = user + system;
    }
    const { user, system } = process.cpuUsage(before);
    times.push((user + system) / calls);
  }
  return Math.min(...times);
}

print(`| input | bytes | CPU µs | CPU µs of 1/${factor} | ratio |\n|---|---|---|---|---|`);
for (const [name, parse, input, size] of cases) {
  const small = await measure(parse, input(size / factor));
  const large = await measure(parse, input(size));
  const ratio = large / small;
  print(`| ${name} | ${size} | ${large.toFixed(0)} | ${small.toFixed(1)} | ${ratio.toFixed(1)} |`);
  if (ratio > maxRatio) process.exitCode = 1;
}
