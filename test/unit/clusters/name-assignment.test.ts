import { describe, expect, it } from 'vitest';
import { assignNames } from '../../../src/clusters/name-assignment.ts';
import { kubeconfigText, registration, type SecretParts } from './support.ts';

/** Returns, for each Secret, the reason for its rejection, or whether the name is assigned to it. */
function assign(...secrets: SecretParts[]) {
  const assignments = assignNames(secrets.map(registration), 'local');
  return Object.fromEntries(
    assignments.map(({ registration: { secretName }, hasName, rejection }) => [secretName, rejection ?? hasName]),
  );
}

describe('a name', () => {
  it.each(['west', 'w', '1', 'west-2', 'west.example.com', 'a'.repeat(63)])('can be %s', (cluster) => {
    expect(assign({ cluster })).toEqual({ west: true });
  });

  it.each(['', 'West', 'west_2', 'a..b', 'a.-b', 'west.', '-west'])('cannot be %j', (cluster) => {
    expect(assign({ cluster })).toEqual({ west: 'the name must be a lower-case RFC 1123 subdomain' });
  });

  it('cannot be that of the local cluster', () => {
    expect(assign({ cluster: 'local' })).toEqual({ west: 'the name is that of the local cluster' });
  });

  it('belongs to the oldest Secret, whatever the order of events', () => {
    const young = { name: 'a', createdAt: '2026-01-02T00:00:00Z' };
    const old = { name: 'z', createdAt: '2026-01-01T23:59:59Z' };
    const expected = { z: true, a: 'the name is taken by the older Secret z' };
    expect(assign(young, old)).toEqual(expected);
    expect(assign(old, young)).toEqual(expected);
  });

  it('belongs to the first Secret by name if both have the same age', () => {
    expect(assign({ name: 'b' }, { name: 'a' })).toEqual({
      a: true,
      b: 'the name is taken by the older Secret a',
    });
  });

  it('stays with the oldest Secret while its kubeconfig is rejected', () => {
    const assignments = assignNames(
      [registration({ name: 'a', kubeconfig: 'broken' }), registration({ name: 'b' })],
      'local',
    );
    expect(assignments.map(({ hasName, rejection }) => [hasName, rejection])).toEqual([
      [true, 'kubeconfig: the document: must be an object'],
      [false, 'the name is taken by the older Secret a'],
    ]);
  });

  it('is released when the Secret is being deleted', () => {
    expect(assign({ name: 'a', deleting: true }, { name: 'b' })).toEqual({ b: true });
  });
});

describe('a rejected kubeconfig', () => {
  it.each([
    ['kubeconfig: is missing', null],
    ['kubeconfig: is missing', ''],
    ['kubeconfig: user.exec: is not allowed: ', kubeconfigText({ user: { exec: { command: 'sh' } } })],
    ['kubeconfig: must not be larger than 64 KiB', 'x'.repeat(400_000)],
  ])('reports "%s"', (rejection, kubeconfig) => {
    expect(assign({ kubeconfig }).west).toMatch(new RegExp(`^${rejection}`));
  });
});
