import { describe, expect, it } from 'vitest';
import { foreignSubject, forForeignSubjects } from '../../../src/clusters/foreign-subject.ts';
import { allowing } from '../http/support.ts';

describe('a user of this cluster in another one', () => {
  it('is the same, with the same groups', () => {
    const subject = { name: 'ann', groups: ['dev', 'my-system:ops'] };
    expect(foreignSubject(subject)).toBe(subject);
  });

  it('has no group that is each cluster’s own', () => {
    const groups = ['dev', 'system:masters', 'system:serviceaccounts:shop'];
    expect(foreignSubject({ name: 'ann', groups })).toEqual({ name: 'ann', groups: ['dev'] });
  });

  it.each(['system:admin', 'system:serviceaccount:shop:default', 'system:'])('is nobody as %s', (name) => {
    expect(foreignSubject({ name, groups: ['dev'] })).toBeUndefined();
  });
});

describe('the authorizer', () => {
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

  it('asks about a user', async () => {
    expect(await ask('ann')).toEqual([true, false, true, ['shop']]);
  });

  it('allows nothing to a user who is nobody there', async () => {
    expect(await ask('system:admin')).toEqual([false, false, false, undefined]);
  });
});
