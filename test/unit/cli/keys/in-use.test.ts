import { describe, expect, it } from 'vitest';
import { requireUnused } from '../../../../src/cli/keys/in-use.ts';
import { at, known, now } from '../../../support/builders.ts';

describe('requireUnused', () => {
  it('rejects a key pair that was used within the last hour, and says from where', () => {
    const used = known({ name: 'a' }, { lastUsedTime: at(-60), lastClientAddress: '10.0.0.1' });
    expect(() => requireUnused(used, ['main'], now)).toThrow(
      'key pair a/main is in use: it was used 60s ago from 10.0.0.1',
    );
    expect(() => requireUnused(used, ['other'], now)).not.toThrow();
  });

  it('accepts a key pair that was not used for an hour', () => {
    expect(() => requireUnused(known({}, { lastUsedTime: at(-3600) }), ['main'], now)).not.toThrow();
  });
});
