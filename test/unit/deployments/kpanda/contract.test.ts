/** The contract with the kpanda API: projection and schema have exactly the fields of the reference, with its JSON types. */
import { OpenAPIHono } from '@hono/zod-openapi';
import { describe, expect, it } from 'vitest';
import { projectDeployment } from '../../../../src/deployments/kpanda/projection.ts';
import { DeploymentItem, DeploymentList } from '../../../../src/deployments/kpanda/schema.ts';
import { serializePage } from '../../../../src/deployments/listing.ts';
import { createDeploymentTransform } from '../../../../src/deployments/record.ts';
import type { RawObject } from '../../../../src/kube/raw-object.ts';
import fixture from '../../../fixtures/kpanda-deployment-fields.json' with { type: 'json' };
import { maximalDeployment } from '../../../fixtures/maximal-deployment.ts';

const definitions: Record<string, Record<string, string>> = fixture;
const minimalDeployment = { metadata: { name: 'a', namespace: 'b' } };

type JsonObject = Record<string, unknown>;

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isScalar: Record<string, (value: unknown) => boolean> = {
  string: (value) => typeof value === 'string',
  boolean: (value) => typeof value === 'boolean',
  int32: (value) => typeof value === 'number' && (value | 0) === value,
  int64: (value) => typeof value === 'string' && BigInt.asIntN(64, BigInt(value)).toString() === value,
};

const isZero = (value: unknown): boolean =>
  ['""', '"0"', '0', 'false', '[]', '{}', 'null'].includes(JSON.stringify(value));

/** Called for each field of each message found in a value. */
type Visit = (definition: string, field: string, owner: JsonObject) => void;

/** Checks `value` against a type of the fixture, and returns the errors. */
function check(type: string, value: unknown, path: string, visit: Visit = () => {}): string[] {
  const [, kind = type, inner = ''] = /^(\w+)<(.*)>$/.exec(type) ?? [];
  const wrong = [`${path}: not ${type}: ${JSON.stringify(value)}`];
  if (kind === 'enum') return inner.split('|').includes(String(value)) ? [] : wrong;
  if (kind === 'array') {
    if (!Array.isArray(value)) return wrong;
    return value.flatMap((element, index) => check(inner, element, `${path}[${index}]`, visit));
  }
  if (kind === 'map') {
    if (!isObject(value)) return wrong;
    return Object.entries(value).flatMap(([key, element]) => check(inner, element, `${path}.${key}`, visit));
  }
  const scalar = isScalar[kind];
  if (scalar !== undefined) return scalar(value) ? [] : wrong;
  if (value === null) return [];
  return isObject(value) ? checkMessage(kind, value, path, visit) : wrong;
}

function checkMessage(definition: string, message: JsonObject, path: string, visit: Visit): string[] {
  const fields = definitions[definition];
  if (fields === undefined) return [`${path}: no definition ${definition}`];
  const extra = Object.keys(message).filter((field) => !(field in fields));
  return [
    ...extra.map((field) => `${path}.${field}: not in the reference`),
    ...Object.entries(fields).flatMap(([field, type]) => {
      visit(definition, field, message);
      return check(type, message[field], `${path}.${field}`, visit);
    }),
  ];
}

const toRecord = createDeploymentTransform('local');

/** An item as a client receives it. */
const answer = (deployment: Parameters<typeof projectDeployment>[0]): unknown =>
  JSON.parse(toRecord({ metadata: {}, ...deployment } as RawObject).text);

/** A list as a client receives it. */
function listAnswer(): unknown {
  const items = [toRecord(maximalDeployment as unknown as RawObject)];
  return JSON.parse(serializePage({ items, pagination: { total: 1, page: 1, pageSize: 10, pages: 1 } }).join(''));
}

describe('a projected Deployment', () => {
  it.each([
    ['maximal', maximalDeployment],
    ['minimal', minimalDeployment],
    ['empty', {}],
  ])('%s: has exactly the fields of the reference, with their types', (_, deployment) => {
    const item = answer(deployment);
    expect(check('v1alpha1Deployment', item, 'item')).toEqual([]);
    expect(DeploymentItem.parse(item)).toEqual(item);
  });

  it('sets every field of the reference', () => {
    const unset = new Set(
      Object.entries(definitions).flatMap(([definition, fields]) =>
        Object.keys(fields).map((field) => `${definition}.${field}`),
      ),
    );
    check('v1alpha1ListDeploymentsResponse', listAnswer(), 'list', (definition, field, owner) => {
      if (!isZero(owner[field])) unset.delete(`${definition}.${field}`);
    });
    expect([...unset]).toEqual(['typesObjectMeta.workspaceAlias']);
  });

  it('does not modify its input', () => {
    const before = structuredClone(maximalDeployment);
    projectDeployment(maximalDeployment, 'local');
    expect(maximalDeployment).toEqual(before);
  });
});

describe('the schema', () => {
  const fields: string[] = [];
  check('v1alpha1ListDeploymentsResponse', listAnswer(), 'list', (definition, field) => {
    const name = `${definition}.${field}`;
    if (!fields.includes(name)) fields.push(name);
  });

  /** Applies `change` to the first message of a definition in the list. */
  function changed(name: string, change: (owner: JsonObject, field: string) => void): unknown {
    const value = listAnswer();
    const owners: JsonObject[] = [];
    check('v1alpha1ListDeploymentsResponse', value, 'list', (definition, field, owner) => {
      if (name === `${definition}.${field}`) owners.push(owner);
    });
    const [owner] = owners;
    if (owner !== undefined) change(owner, name.slice(name.indexOf('.') + 1));
    return value;
  }

  it('accepts the list', () => {
    expect(DeploymentList.safeParse(listAnswer()).error).toBeUndefined();
  });

  it('covers the reference', () => {
    expect(new Set(fields.map((name) => name.split('.')[0]))).toEqual(new Set(Object.keys(definitions)));
  });

  it.each(fields)('rejects a list in which %s is missing, has a wrong type or has an unknown sibling', (name) => {
    const changes: ((owner: JsonObject, field: string) => void)[] = [
      (owner, field) => delete owner[field],
      (owner, field) => Object.assign(owner, { [field]: 1.5 }),
      (owner, field) => Object.assign(owner, { [`${field}_`]: owner[field] }),
    ];
    for (const change of changes) {
      expect(DeploymentList.safeParse(changed(name, change)).success).toBe(false);
    }
  });

  it.each([
    ['typesPagination.total', '1'],
    ['typesPagination.total', 2 ** 31],
    ['v1alpha1Deployment.revision', 1],
    ['v1alpha1Deployment.revision', ''],
    ['v1alpha1Deployment.revision', '01'],
    ['v1alpha1Deployment.revision', '1.5'],
    ['v1alpha1ResourceList.cpu', '500m'],
    ['v1alpha1ResourceList.memory', '1Gi'],
    ['v1alpha1DeploymentStatus.state', 'Ready'],
    ['typesObjectMeta.labels', null],
    ['typesObjectMeta.ownerReferences', null],
    ['typesObjectMeta.name', null],
    ['v1alpha1Deployment.metadata', null],
    ['v1alpha1Deployment.spec', null],
    ['v1alpha1Deployment.status', null],
  ])('rejects %s %j', (name, value) => {
    const list = changed(name, (owner, field) => Object.assign(owner, { [field]: value }));
    expect(DeploymentList.safeParse(list).success).toBe(false);
  });

  it('produces an OpenAPI 3.1 component for each definition of the reference', () => {
    const app = new OpenAPIHono();
    app.openAPIRegistry.registerPath({
      method: 'get',
      path: '/',
      responses: { 200: { description: 'ok', content: { 'application/json': { schema: DeploymentList } } } },
    });
    const document = app.getOpenAPI31Document({ openapi: '3.1.0', info: { title: 'test', version: '0' } });
    const rename = (definition: string) =>
      definition === 'v1alpha1ListDeploymentsResponse' ? 'DeploymentList' : definition.replace(/^v1alpha1|^types/, '');
    const components = [...Object.keys(definitions).map(rename), 'WorkloadState'].sort();
    const schemas = document.components?.schemas ?? {};
    expect(Object.keys(schemas).sort()).toEqual(components);
    expect(new Set(Object.values(schemas).map((schema) => 'type' in schema && schema.type))).toEqual(
      new Set(['object', 'string']),
    );
  });
});
