import { describe, expect, it } from 'vitest';
import { kubeconfigPaths } from '../../../../src/cli/common/kubeconfig-paths.ts';

describe('kubeconfigPaths', () => {
  it.each([
    ['/a', { KUBECONFIG: '/b' }, ['/a']],
    [undefined, { KUBECONFIG: '/b::/c' }, ['/b', '/c']],
    ['', { KUBECONFIG: '/b' }, ['/b']],
    [undefined, { KUBECONFIG: '' }, ['/home/alice/.kube/config']],
  ])('with the flag %s and %o', (flag, env, expected) => {
    expect(kubeconfigPaths(flag, env, '/home/alice')).toEqual(expected);
  });
});
