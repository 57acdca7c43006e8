import { describe, expect, test } from 'vitest';
import { keyTable } from '../../../../src/web/keys/rows.ts';
import { at, known, now } from '../../../support/builders.ts';

describe('keyTable', () => {
  const lastUseOf = (status: object) => keyTable({ ...known({}, status), managedFields: [] }, now).rows[0]?.lastUsedAt;

  test('shows the last use of a key or of its previous key pair, whichever is later', () => {
    const previous = { accessKey: 'x', validUntil: at(60), lastUsedTime: at(-60) };
    expect(lastUseOf({ lastUsedTime: at(-300), previous })).toBe(at(-60));
    expect(lastUseOf({ lastUsedTime: at(-5), previous })).toBe(at(-5));
  });

  test('ignores a use that a clock that was ahead has recorded', () => {
    expect(lastUseOf({ lastUsedTime: at(86_400) })).toBeUndefined();
  });
});
