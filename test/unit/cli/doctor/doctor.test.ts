import { describe, expect, it } from 'vitest';
import { runCli } from '../../../../src/cli/program.ts';
import { testContext } from '../support.ts';

describe('doctor', () => {
  it('rejects --probe-as with --as, of which a request can impersonate only one', async () => {
    const context = testContext();
    expect(await runCli(['doctor', '--as', 'admin', '--probe-as', 'alice'], context)).toBe(1);
    expect(context.err()).toBe('error: --probe-as cannot be used with --as\n');
  });
});
