import { describe, expect, it } from 'vitest';
import { report } from '../../../../src/cli/keys/report.ts';
import { testContext } from '../support.ts';

describe('report', () => {
  const object = {
    metadata: { name: 'a', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z', managedFields: [] },
  };

  async function output(flags: Parameters<typeof report>[1]): Promise<string> {
    const context = testContext();
    await report(context, flags, { text: 'key pair a/b disabled', object });
    return context.out();
  }

  it.each([
    ['none', 'key pair a/b disabled\n'],
    ['client', 'key pair a/b disabled (dry run)\n'],
    ['server', 'key pair a/b disabled (server dry run)\n'],
  ] as const)('prints one line, and the kind of dry run: %s', async (dryRun, text) => {
    expect(await output({ dryRun })).toBe(text);
  });

  it('prints the object without managedFields', async () => {
    expect(JSON.parse(await output({ dryRun: 'none', output: 'json' }))).toEqual({
      metadata: { name: 'a', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
    });
    expect(await output({ dryRun: 'none', output: 'name' })).toBe('accesskey.ghippo.io/a\n');
  });

  it('quotes times in YAML, so that YAML 1.1 parsers read them as text', async () => {
    expect(await output({ dryRun: 'none', output: 'yaml' })).toContain('creationTimestamp: "2026-01-01T00:00:00Z"');
  });
});
