import { describe, expect, it } from 'vitest';
import { killGroup } from '../../../src/kube/process-group.ts';

const failing = (code: string) => () => {
  throw Object.assign(new Error(code), { code });
};

describe('killGroup', () => {
  it('kills the group of a process', () => {
    const sent: unknown[] = [];
    killGroup(7, (...signal) => sent.push(signal));
    expect(sent).toEqual([[-7, 'SIGKILL']]);
  });

  it('does nothing for a process that could not be started', () => {
    expect(() => killGroup(undefined, failing('EINVAL'))).not.toThrow();
  });

  it.each(['ESRCH', 'EPERM'])('ignores %s', (code) => {
    expect(() => killGroup(7, failing(code))).not.toThrow();
  });

  it('throws any other error', () => {
    expect(() => killGroup(7, failing('EINVAL'))).toThrow('EINVAL');
  });
});
