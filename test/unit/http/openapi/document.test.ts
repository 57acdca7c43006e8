/** Checks that the OpenAPI document is valid and complete, and that its examples and real responses match its schemas. */
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import packageJson from '../../../../package.json' with { type: 'json' };
import { createPlatform, tokenPaths } from '../support.ts';

interface Content {
  schema: object;
  example?: unknown;
}
type Contents = Record<string, Content>;
interface Operation {
  operationId?: string;
  summary?: string;
  tags?: string[];
  security?: Record<string, string[]>[];
  parameters?: { name: string; in: string; description?: string; required?: boolean; schema: { example?: unknown } }[];
  requestBody?: { content: Contents };
  responses: Record<string, { description: string; content?: Contents }>;
}
interface Document {
  info: { version: string; license: { identifier: string } };
  servers: { url: string }[];
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema>; securitySchemes: Record<string, { type: string }> };
}
interface Schema {
  properties?: Record<string, Schema>;
  example?: unknown;
}

const { get, app } = await createPlatform();
const answer = await get('/openapi.json');
const document = answer.json<Document>();
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const),
);

describe('/openapi.json', () => {
  it('is a valid OpenAPI 3.1 document', async () => {
    const validator = new Validator();
    expect(await validator.validate({ ...structuredClone(document) })).toEqual({ valid: true });
    expect(validator.version).toBe('3.1');
  });

  it('would be invalid if the tags of an operation were not a list', async () => {
    const paths = { '/x': { get: { tags: 'Users', responses: {} } } };
    expect(await new Validator().validate({ ...structuredClone(document), paths })).toMatchObject({ valid: false });
  });

  it('contains version, license and authentication methods', () => {
    expect(document.info).toMatchObject({ version: packageJson.version, license: { identifier: 'Apache-2.0' } });
    expect(document.components.securitySchemes).toMatchObject({
      bearer: { type: 'http', scheme: 'bearer' },
      pair: { type: 'http', scheme: 'basic' },
      oauth2: { type: 'oauth2', flows: { clientCredentials: { scopes: {} } } },
    });
  });

  it('contains the path prefix of a proxy', async () => {
    const token = { issuer: 'https://example.org/keys', defaultCycle: 3, maxCycle: 30 };
    const { servers, components } = (await (await createPlatform({ token })).get('/openapi.json')).json<Document>();
    expect([document.servers[0]?.url, servers[0]?.url]).toEqual(['/', '/keys']);
    expect(components.securitySchemes.oauth2).toMatchObject({
      flows: { clientCredentials: { tokenUrl: '/keys/oauth2/token' } },
    });
  });

  it('contains the token and OAuth 2.0 endpoints under their paths', async () => {
    const { app } = await createPlatform();
    const { paths = {} } = app.getOpenAPI31Document({ openapi: '3.1.0', info: { title: 'test', version: '1' } });
    const documented = Object.entries(paths).map(([path, methods]) => `${path} ${Object.keys(methods ?? {})}`);
    for (const path of tokenPaths) expect(documented).toContain(`${path} get,post`);
    expect(documented).toContain('/oauth2/token post');
    expect(documented).toContain('/oauth2/introspect post');
  });

  it('has an entity tag', async () => {
    const tag = answer.headers.get('ETag') ?? '';
    expect(answer.headers.get('Cache-Control')).toBe('no-cache');
    expect((await get('/openapi.json', { 'if-none-match': tag })).status).toBe(304);
  });
});

/** The routes of the app, in the notation of the document. Forward-auth accepts every method and subpath. */
function routesOf({ routes }: typeof app): string[] {
  const named = routes.filter(({ method, path }) => method !== 'ALL' && path !== '/oauth2/auth/*');
  const written = named.map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`);
  const heads = written.filter((one) => one.startsWith('GET ')).map((one) => one.replace('GET', 'HEAD'));
  return [...written, ...heads, 'GET /oauth2/auth', 'HEAD /oauth2/auth'];
}

describe('the routes', () => {
  /** HTML pages are not part of the API. */
  const isPage = (route: string) => !/ \/(apis|api|oauth2|\.well-known)\/| \/openapi\.json$/.test(route);

  it('match the operations of the document', () => {
    const routes = new Set(routesOf(app).filter((route) => !isPage(route)));
    expect(operations.map(([name]) => name).sort()).toEqual([...routes].sort());
    expect(routes.size).toBeGreaterThan(30);
  });

  it('have unique operation IDs', () => {
    const names = operations.map(([, { operationId }]) => operationId);
    for (const name of names) expect(name).toMatch(/^[a-z][A-Za-z]+$/);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(operations)('%s is described', (_, { summary, tags = [], security, responses, parameters = [] }) => {
    expect(summary).toMatch(/^[A-Z].*[^.]$/);
    expect(document.tags.map(({ name }) => name)).toEqual(expect.arrayContaining(tags));
    expect(tags).toHaveLength(1);
    const schemes = Object.keys(document.components.securitySchemes);
    expect(schemes).toEqual(expect.arrayContaining((security ?? [{ missing: [] }]).flatMap(Object.keys)));
    expect(Object.keys(responses)).toContain('200');
    for (const { description } of [...Object.values(responses), ...parameters]) expect(description).toMatch(/^\S/);
  });

  it.each(operations)(
    '%s has no example for an optional parameter, which tools would send',
    (_, { parameters = [] }) => {
      for (const { name, required, schema } of parameters) {
        if (!required) expect([name, schema.example]).toEqual([name, undefined]);
      }
    },
  );

  it.each(operations)('%s has an example of each error', (_, { responses }) => {
    const errors = Object.entries(responses).filter(([status]) => Number(status) >= 400);
    for (const [status, { content }] of errors) {
      if (content) expect([status, content['application/json']?.example]).not.toEqual([status, undefined]);
    }
  });
});

describe('the request bodies', () => {
  const schemaOf = (path: string) =>
    document.paths[path]?.post?.requestBody?.content['application/x-www-form-urlencoded']?.schema ?? {};
  const exchange = { grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange' };
  const client = { grant_type: 'client_credentials' };
  const subject = { subject_token: 'x', subject_token_type: 'urn:ietf:params:oauth:token-type:jwt' };

  it.each<[string, object, boolean]>([
    [tokenPaths[0], {}, true],
    [tokenPaths[0], { ak: 'x', sk: 'x' }, true],
    [tokenPaths[0], { ak: 'x' }, false],
    [tokenPaths[0], { sk: 'x' }, false],
    [tokenPaths[0], { ak: '', sk: 'x' }, false],
    ['/oauth2/token', { grant_type: 'client_credentials', client_secret: 'x' }, true],
    ['/oauth2/token', { ...exchange, ...subject }, true],
    ['/oauth2/token', exchange, false],
    ['/oauth2/token', { ...exchange, ...subject, client_secret: 'x' }, false],
    ['/oauth2/token', { ...exchange, ...subject, client_secret: '' }, true],
    ['/oauth2/token', { ...exchange, ...subject, actor_token: 'x' }, false],
    ['/oauth2/token', { ...exchange, ...subject, subject_token: '' }, false],
    ['/oauth2/token', { ...exchange, ...subject, subject_token_type: 'x' }, false],
    ['/oauth2/token', { ...exchange, ...subject, requested_token_type: 'x' }, false],
    ['/oauth2/token', { ...client, subject_token_type: 'x' }, true],
    ['/oauth2/token', { ...client, scope: 'openid' }, false],
    ['/oauth2/token', { ...client, scope: '', audience: '' }, true],
    ['/oauth2/token', { ...client, audience: 'x' }, true],
    ['/oauth2/token', { ...client, audience: 'a b' }, false],
    ['/oauth2/introspect', { token: 'x' }, true],
    ['/oauth2/introspect', { token: '' }, false],
  ])('of %s: %o is valid: %s', (path, body, isValid) => {
    expect(new Ajv2020({ strict: false }).validate(schemaOf(path), body)).toBe(isValid);
  });
});

it('a parameter of several places has a default only in the body, because tools send all defaults', () => {
  for (const path of tokenPaths) {
    const { parameters: [cycle] = [], requestBody } = document.paths[path]?.post ?? {};
    expect(cycle).toMatchObject({ name: 'cycle', schema: { type: 'integer', minimum: 1, maximum: 30 } });
    expect(cycle?.schema).not.toHaveProperty('default');
    expect(JSON.stringify(requestBody)).toContain('"default":3');
  }
});

it('audience and resource are audiences that the configuration or an AccessKey can have', () => {
  const { paths } = document;
  const schema = paths['/oauth2/token']?.post?.requestBody?.content['application/x-www-form-urlencoded']?.schema ?? {};
  const isValid = (change: object) =>
    new Ajv2020({ strict: false }).validate(schema, { grant_type: 'client_credentials', ...change });
  expect(isValid({ audience: 'shop', resource: 'shop' })).toBe(true);
  expect(isValid({ audience: '' })).toBe(true);
  expect(isValid({ audience: 'two words' })).toBe(false);
  expect(isValid({ resource: 'x'.repeat(2049) })).toBe(false);
});

it('the cluster parameter of all clusters has no empty item', () => {
  const { parameters = [] } = document.paths['/apis/kpanda.io/v1alpha1/asl/deployments']?.get ?? {};
  const cluster = parameters.find(({ name }) => name === 'cluster');
  expect(cluster?.schema).toMatchObject({ items: { minLength: 1, maxLength: 253 } });
});

describe('the examples', () => {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  ajv.addFormat('int32', { type: 'number', validate: (value: number) => (value | 0) === value });
  ajv.addFormat('int64', { validate: (value: string) => BigInt.asIntN(64, BigInt(value)).toString() === value });
  ajv.addSchema({ ...document, $id: 'document' });
  const problemsOf = (pointer: string, example: unknown) => {
    const check = ajv.compile({ $ref: `document#${pointer}` });
    check(example);
    return check.errors;
  };
  const pointerPart = (key: string) => encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'));

  const inContents = operations.flatMap(([name, { responses, requestBody }]) => {
    const [method = '', path = ''] = name.split(' ');
    const base = `/paths/${pointerPart(path)}/${method.toLowerCase()}`;
    const all = [
      ...Object.entries(responses).map(([status, { content }]) => [`${base}/responses/${status}`, content] as const),
      [`${base}/requestBody`, requestBody?.content] as const,
    ];
    return all.flatMap(([place, content = {}]) =>
      Object.entries(content).flatMap(([type, { example }]) =>
        example === undefined ? [] : [[`${place}/content/${pointerPart(type)}/schema`, example] as const],
      ),
    );
  });

  const inSchemas = Object.entries(document.components.schemas).flatMap(([name, { properties = {} }]) =>
    Object.entries(properties).flatMap(([property, { example }]) =>
      example === undefined
        ? []
        : [[`/components/schemas/${pointerPart(name)}/properties/${pointerPart(property)}`, example] as const],
    ),
  );

  const inParameters = operations.flatMap(([name, { parameters = [] }]) => {
    const [method = '', path = ''] = name.split(' ');
    return parameters.flatMap(({ schema }, index) =>
      schema.example === undefined
        ? []
        : [[`/paths/${pointerPart(path)}/${method.toLowerCase()}/parameters/${index}/schema`, schema.example] as const],
    );
  });

  it.each([
    ['bodies', inContents, 60],
    ['properties', inSchemas, 20],
    ['parameters', inParameters, 8],
  ])('of %s match their schemas', (_, examples, least) => {
    expect(examples.length).toBeGreaterThan(least);
    for (const [pointer, example] of examples) expect([pointer, problemsOf(pointer, example)]).toEqual([pointer, null]);
  });

  it('are reported if they do not match', () => {
    expect(problemsOf('/components/schemas/Error', { code: '3', message: '' })).toHaveLength(2);
  });
});

describe('the responses', () => {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
  ajv.addSchema({ ...document, $id: 'document' });

  it.each([
    ['/apis/kpanda.io/v1alpha1/clusters/{cluster}/deployments', '/apis/kpanda.io/v1alpha1/clusters/here/deployments'],
    ['/apis/kpanda.io/v1alpha1/asl/deployments', '/apis/kpanda.io/v1alpha1/asl/deployments'],
    ['/apis/ghippo.io/v1alpha1/users', '/apis/ghippo.io/v1alpha1/users'],
    ['/apis/ghippo.io/v1alpha1/users/{id}', '/apis/ghippo.io/v1alpha1/users/nobody'],
    ['/apis/ghippo.io/v1alpha1/current-user', '/apis/ghippo.io/v1alpha1/current-user'],
    ['/apis/ghippo.io/v1alpha1/token', '/apis/ghippo.io/v1alpha1/token?cycle=0'],
    ['/.well-known/jwks.json', '/.well-known/jwks.json'],
    ['/.well-known/openid-configuration', '/.well-known/openid-configuration'],
    ['/openapi.json', '/openapi.json'],
  ])('of %s match the document', async (path, url) => {
    const { get, token } = await createPlatform();
    const { status, json } = await get(url, { authorization: `Bearer ${await token()}` });
    const pointer = `/paths/${path.replaceAll('/', '~1')}/get/responses/${status}/content/application~1json/schema`;
    const check = ajv.compile({ $ref: `document#${pointer.replaceAll('{', '%7B').replaceAll('}', '%7D')}` });
    check(json());
    expect(check.errors).toBeNull();
  });
});
