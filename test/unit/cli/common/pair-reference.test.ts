import { describe, expect, it } from 'vitest';
import { choosePair, parsePairReference } from '../../../../src/cli/common/pair-reference.ts';
import { accessKey } from '../../../support/builders.ts';

describe('parsePairReference', () => {
  it.each([
    ['alice', { name: 'alice', pair: undefined }],
    ['alice/ci', { name: 'alice', pair: 'ci' }],
    ['accesskey.ghippo.io/alice', { name: 'alice', pair: undefined }],
    ['accesskeys.ghippo.io/alice/ci', { name: 'alice', pair: 'ci' }],
  ])('reads %s', (text, reference) => {
    expect(parsePairReference(text)).toEqual(reference);
  });

  it.each([
    ['', 'invalid name ""'],
    ['Alice', 'invalid name "Alice"'],
    ['alice/', 'invalid key pair "alice/"'],
    ['alice/CI', 'invalid key pair "alice/CI"'],
    ['a/b/c', 'invalid key pair "a/b/c"'],
    ['../x', 'invalid name ".."'],
  ])('rejects "%s"', (text, message) => {
    expect(() => parsePairReference(text)).toThrow(message);
  });
});

describe('choosePair', () => {
  const two = accessKey({ name: 'alice', keyPairs: [{ name: 'ci' }, { name: 'laptop' }] });
  const one = accessKey({ name: 'alice', keyPairs: [{ name: 'ci' }] });
  const none = accessKey({ name: 'alice', keyPairs: [] });

  it('uses the given pair, or the only one', () => {
    expect(choosePair(two, 'laptop').name).toBe('laptop');
    expect(choosePair(one, undefined).name).toBe('ci');
  });

  it('rejects a pair that does not exist, and names those that do', () => {
    expect(() => choosePair(two, 'x')).toThrow('key pair "x" of AccessKey "alice" not found: it has ci and laptop');
  });

  it.each([
    [two, 'it has ci and laptop', 'name one, such as alice/ci'],
    [none, 'it has no key pair', 'kubectl accesskey create alice/PAIR adds one'],
  ])('rejects a reference without a pair unless there is exactly one', (accessKey, message, hint) => {
    expect(() => choosePair(accessKey, undefined)).toThrow(expect.objectContaining({ hint }));
    expect(() => choosePair(accessKey, undefined)).toThrow(message);
  });
});
