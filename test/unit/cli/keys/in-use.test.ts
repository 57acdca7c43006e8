import { describe, expect, it } from 'vitest';
import { requireUnused, requireUnusedObject } from '../../../../src/cli/keys/in-use.ts';
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
    expect(() => requireUnused(known({}, { lastUsedTime: at(-3601) }), ['main'], now)).not.toThrow();
  });
});

describe('requireUnusedObject', () => {
  it('rejects an AccessKey with a key pair that was used within the last hour', () => {
    const used = known({ name: 'a' }, { lastUsedTime: at(-60) });
    expect(() => requireUnusedObject(used, now)).toThrow('key pair a/main is in use: it was used 60s ago');
  });

  it('rejects an AccessKey with a ServiceAccount that was used within the last hour', () => {
    const withAccount = (lastUsedTime: string) => {
      const record = known({ name: 'a' });
      const serviceAccounts = [{ name: 'idle' }, { name: 'bot', lastUsedTime, lastClientAddress: '10.0.0.1' }];
      return { ...record, status: { ...record.status, serviceAccounts } };
    };
    expect(() => requireUnusedObject(withAccount(at(-3599)), now)).toThrow(
      'ServiceAccount bot of AccessKey a is in use: it was used 59m ago from 10.0.0.1',
    );
    expect(() => requireUnusedObject(withAccount(at(-3601)), now)).not.toThrow();
  });
});
