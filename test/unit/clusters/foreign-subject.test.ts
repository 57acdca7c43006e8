import { describe, expect, it } from 'vitest';
import { foreignSubject, forForeignSubjects } from '../../../src/clusters/foreign-subject.ts';
import { allowing } from '../http/support.ts';

describe('foreignSubject', () => {
  it('keeps a user without system groups', () => {
    const subject = { name: 'ann', groups: ['dev', 'my-system:ops'] };
    expect(foreignSubject(subject)).toBe(subject);
  });

  it('removes system groups', () => {
    const groups = ['dev', 'system:masters', 'system:serviceaccounts:shop'];
    expect(foreignSubject({ name: 'ann', groups })).toEqual({ name: 'ann', groups: ['dev'] });
  });

  it.each(['system:admin', 'system:serviceaccount:shop:default', 'system:'])('returns undefined for %s', (name) => {
    expect(foreignSubject({ name, groups: ['dev'] })).toBeUndefined();
  });
});

describe('forForeignSubjects', () => {
  const authorizer = forForeignSubjects(allowing('shop', 'shop/web'));
  const ask = async (name: string) => {
    const subject = { name, groups: [] };
    return [
      await authorizer.mayListDeployments(subject, 'shop'),
      await authorizer.mayListDeployments(subject),
      await authorizer.mayGetDeployment(subject, 'shop', 'web'),
      await authorizer.visibleNamespaces(subject, ['shop', 'store'], []),
    ];
  };

  it('passes on the decision for a user', async () => {
    expect(await ask('ann')).toEqual([true, false, true, ['shop']]);
  });

  it('denies everything to a system user', async () => {
    expect(await ask('system:admin')).toEqual([false, false, false, undefined]);
  });
});
