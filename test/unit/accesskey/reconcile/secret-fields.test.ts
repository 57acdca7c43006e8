import { describe, expect, it } from 'vitest';
import {
  annotationField,
  dataField,
  differingFields,
  labelField,
  managerOfField,
  type SentSecret,
  sentValue,
} from '../../../../src/accesskey/reconcile/secret-fields.ts';
import { rawSecret } from '../../../support/builders.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const stored = {
  metadata: { labels: { a: '1' }, annotations: { b: '2' }, ownerReferences: rawSecret().metadata.ownerReferences },
  type: 'Opaque',
  data: { ak: base64('x') },
};

describe('differingFields', () => {
  it.each<[string, SentSecret, string[]]>([
    ['a label', { metadata: { labels: { a: 'other' } } }, ['metadata.labels[a]']],
    ['a missing label', { metadata: { labels: { c: '1' } } }, ['metadata.labels[c]']],
    ['a label that was removed', { metadata: { labels: { a: null } } }, ['metadata.labels[a]']],
    [
      'a label that every object inherits',
      { metadata: { labels: { constructor: '1' } } },
      ['metadata.labels[constructor]'],
    ],
    ['an annotation', { metadata: { annotations: { b: 'other' } } }, ['metadata.annotations[b]']],
    ['base64 data', { data: { ak: base64('y') } }, ['data[ak]']],
    ['plain data', { stringData: { ak: 'y' } }, ['data[ak]']],
    ['the type', { type: 'ghippo.io/access-key' }, ['type']],
    [
      'an owner',
      { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'X', uid: 'other', controller: true }] } },
      ['metadata.ownerReferences'],
    ],
  ])('names %s', (_, sent, fields) => expect(differingFields(sent, stored)).toEqual(fields));

  it.each<[string, SentSecret]>([
    ['the stored values', { ...stored, stringData: { ak: 'x' } }],
    ['null for an absent field', { metadata: { labels: { c: null, constructor: null } }, data: { sk: null } }],
    ['nothing', {}],
  ])('returns nothing for %s', (_, sent) => expect(differingFields(sent, stored)).toEqual([]));
});

describe('sentValue', () => {
  const sent = { metadata: { labels: { a: '1', b: null }, annotations: { 'x/a': '2' } }, data: { ak: 'eA==' } };
  it.each([
    [labelField('a'), '1'],
    [labelField('b'), null],
    [annotationField('x/a'), '2'],
    [labelField('absent'), undefined],
    [dataField('ak'), undefined],
    ['type', undefined],
  ])('returns the value of %s', (field, value) => expect(sentValue(sent, field)).toBe(value));
});

describe('managerOfField', () => {
  const managed = (...managedFields: object[]) => ({ metadata: { managedFields } });
  const labels = { 'f:metadata': { 'f:labels': { 'f:a.b/c': {} }, 'f:annotations': { 'f:x': {} } } };
  const raw = managed(
    { manager: 'rival', time: '2026-01-02T00:00:00Z', fieldsV1: labels },
    { manager: 'former', time: '2026-01-01T00:00:00Z', fieldsV1: labels },
    { manager: 'values', time: '2026-01-03T00:00:00Z', fieldsV1: { 'f:data': { 'f:sk': {} }, 'f:type': {} } },
  );

  it.each([
    [labelField('a.b/c'), 'rival'],
    [annotationField('x'), 'rival'],
    [dataField('sk'), 'values'],
    ['type', 'values'],
    [labelField('removed'), undefined],
    [dataField('ak'), undefined],
    ['metadata.ownerReferences', undefined],
  ])('returns the last manager of %s', (field, manager) => expect(managerOfField(raw, field)).toBe(manager));

  it('tolerates entries without fields', () => {
    expect(managerOfField(managed({ manager: 'x' }, { fieldsV1: { 'f:type': 1 } }), 'type')).toBeUndefined();
    expect(managerOfField({}, 'type')).toBeUndefined();
  });
});
