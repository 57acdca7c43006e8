import { describe, expect, it } from 'vitest';
import { judgeRegistrations } from '../../../src/clusters/name-plan.ts';
import { kubeconfigText, registration, type SecretParts } from './support.ts';

/** For each Secret, whether it holds its name, and why it is refused. */
function judge(...secrets: SecretParts[]) {
  const judged = judgeRegistrations(secrets.map(registration), 'home');
  return Object.fromEntries(
    judged.map(({ registration: { secretName }, holdsName, refusal }) => [secretName, refusal ?? holdsName]),
  );
}

describe('a name', () => {
  it.each(['west', 'w', '1', 'west-2', 'west.example.com', 'a'.repeat(63)])('may be %s', (cluster) => {
    expect(judge({ cluster })).toEqual({ west: true });
  });

  it.each(['', 'West', 'west_2', 'a..b', 'a.-b', 'west.', '-west'])('may not be %j', (cluster) => {
    expect(judge({ cluster })).toEqual({ west: 'the name must be a lower-case RFC 1123 subdomain' });
  });

  it('may not be that of the home cluster', () => {
    expect(judge({ cluster: 'home' })).toEqual({ west: 'the name is that of the cluster that the operator works for' });
  });

  it('is that of the oldest, whatever came first', () => {
    const young = { name: 'a', createdAt: '2026-01-02T00:00:00Z' };
    const old = { name: 'z', createdAt: '2026-01-01T23:59:59Z' };
    const expected = { z: true, a: 'the name is taken by the Secret z, which is older' };
    expect(judge(young, old)).toEqual(expected);
    expect(judge(old, young)).toEqual(expected);
  });

  it('is that of the first name among those of the same second', () => {
    expect(judge({ name: 'b' }, { name: 'a' })).toEqual({
      a: true,
      b: 'the name is taken by the Secret a, which is older',
    });
  });

  it('stays that of the oldest while its kubeconfig is refused', () => {
    const judged = judgeRegistrations(
      [registration({ name: 'a', kubeconfig: 'broken' }), registration({ name: 'b' })],
      'home',
    );
    expect(judged.map(({ holdsName, refusal }) => [holdsName, refusal])).toEqual([
      [true, 'kubeconfig: the document: must be an object'],
      [false, 'the name is taken by the Secret a, which is older'],
    ]);
  });

  it('is free when the oldest is being deleted', () => {
    expect(judge({ name: 'a', deleting: true }, { name: 'b' })).toEqual({ b: true });
  });
});

describe('a kubeconfig that is refused', () => {
  it.each([
    [null, 'kubeconfig: is missing'],
    ['', 'kubeconfig: is missing'],
    [kubeconfigText({ user: { exec: { command: 'sh' } } }), 'kubeconfig: user.exec: is not allowed: '],
    ['x'.repeat(400_000), 'kubeconfig: must not be larger than 64 KiB'],
  ])('is told', (kubeconfig, refusal) => {
    expect(judge({ kubeconfig }).west).toMatch(new RegExp(`^${refusal}`));
  });
});
