import { describe, expect, it } from 'vitest';
import { requireUnused, requireUnusedObject, requireUnusedPrevious } from '../../../../src/cli/keys/in-use.ts';
import { at, known, now } from '../../../support/builders.ts';

const previous = { accessKey: '7f0e8f1c-6a53-4a8e-9f0c-1d2b3c4d5e6f' };

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

describe('requireUnusedPrevious', () => {
  const rotated = (validUntil: string, lastUsedTime?: string) =>
    known(
      { name: 'a' },
      { lastUsedTime: at(-5), previous: { ...previous, validUntil, ...(lastUsedTime && { lastUsedTime }) } },
    );

  it('rejects a previous key pair that is still valid and was used within the last hour', () => {
    expect(() => requireUnusedPrevious(rotated(at(600), at(-60)), 'main', now)).toThrow(
      'the previous key pair of a/main is in use: it was used 60s ago',
    );
  });

  it('accepts one that has ended, was not used, or does not exist', () => {
    expect(() => requireUnusedPrevious(rotated(at(-1), at(-60)), 'main', now)).not.toThrow();
    expect(() => requireUnusedPrevious(rotated(at(600)), 'main', now)).not.toThrow();
    expect(() => requireUnusedPrevious(known({}, { lastUsedTime: at(-5) }), 'main', now)).not.toThrow();
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
