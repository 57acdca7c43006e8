import { describe, expect, it } from 'vitest';
import { describe as describeAccessKey } from '../../../../src/cli/keys/describe.ts';
import { headerOf, type RowOptions, rowsOf } from '../../../../src/cli/keys/pair-rows.ts';
import { accessKey, at, known, now } from '../../../support/builders.ts';

const style: RowOptions['style'] = (format, text) => `<${String(format)}>${text}`;
const options = { now, style, wide: false, allNamespaces: false };
const ready = {
  type: 'Ready',
  status: 'True',
  lastTransitionTime: at(0),
  reason: 'KeyPairsReady',
  message: 'fine',
} as const;

function textsOf(record: ReturnType<typeof accessKey>, change: Partial<RowOptions> = {}) {
  return rowsOf(record, { ...options, ...change }).map((row) => row.map(({ text }) => text));
}

describe('rowsOf', () => {
  const record = known(
    { name: 'alice', keyPairs: [{ name: 'main', expiresAt: at(3 * 86_400) }] },
    { lastUsedTime: at(-300), nextRotationAt: at(7200), previous: { accessKey: 'x', validUntil: at(60) } },
  );

  it('has a row for each key pair with state, expiry, last use and age', () => {
    expect(textsOf(record)).toEqual([['alice/main', record.spec.user.name, 'Active', 'in 3d', '5m ago', '30m']]);
  });

  it('ignores a use that a clock that was ahead has recorded', () => {
    const [row] = textsOf(known({}, { lastUsedTime: at(86_400) }));
    expect(row?.[4]).toBe('never');
  });

  it('has more columns with -o wide, and the namespace of all namespaces', () => {
    const [row = []] = textsOf(record, { wide: true, allNamespaces: true });
    expect(row[0]).toBe(record.namespace);
    expect(row.slice(8)).toEqual(['alice-main', 'in 120m', 'in 60s', '<none>']);
    expect(headerOf({ wide: true, allNamespaces: true })).toHaveLength(row.length);
    expect(headerOf(options)).toHaveLength(6);
  });

  it('shows a key pair that the operator has not seen as Pending', () => {
    const [row] = textsOf(accessKey({ name: 'a', keyPairs: [{ name: 'b' }], status: {} }));
    expect(row?.slice(2)).toEqual(['Pending', 'never', 'never', '<none>']);
  });

  it('has one row for an AccessKey without key pairs', () => {
    expect(textsOf(accessKey({ name: 'a', keyPairs: [] })).map((row) => row[0])).toEqual(['a']);
  });

  it.each([
    ['Active', 'green'],
    ['Expired', 'red'],
    ['Conflict', 'red'],
  ] as const)('colors the state %s %s', (state, color) => {
    const [row] = rowsOf(known({}, { state }), options);
    expect(row?.[2]?.color?.('x')).toBe(`<${color}>x`);
  });
});

describe('describe', () => {
  const text = (record: ReturnType<typeof accessKey>, pair?: string) =>
    describeAccessKey(record, { now, style: (_, one) => one, pair }).join('\n');

  it('prints key pairs and conditions in words', () => {
    const used = { lastUsedTime: at(-300), lastClientAddress: '10.0.0.1' };
    const output = text(known({ status: { conditions: [ready] } }, used));
    expect(output).toContain('Ready: fine (KeyPairsReady)');
    expect(text(known({}, used))).toMatch(/Last used: +\S+ \(5m ago\) from 10\.0\.0\.1/);
  });

  it('prints the use of the previous key pair in a line of its own, and none that lies in the future', () => {
    const previous = { accessKey: 'x', validUntil: at(60), lastUsedTime: at(-300) };
    const output = text(known({}, { lastUsedTime: at(86_400), previous }));
    expect(output).toMatch(/Last used: +never$/m);
    expect(output).toMatch(/Previous used: +\S+ \(5m ago\)$/m);
  });

  it('prints only the chosen key pair', () => {
    const output = text(accessKey({ keyPairs: [{ name: 'a' }, { name: 'b' }] }), 'b');
    expect(output).toContain('Key pair b:');
    expect(output).not.toContain('Key pair a:');
  });

  it('prints a problem, and no condition that is false and harmless', () => {
    const stalled = { ...ready, type: 'Stalled', reason: 'UserClaimed', message: 'taken' } as const;
    const conditions = [
      { ...ready, status: 'False' as const },
      stalled,
      { ...ready, type: 'Reconciling', status: 'False' as const },
    ];
    const lines = text(accessKey({ status: { conditions } }))
      .split('\n')
      .slice(-2);
    expect(lines).toEqual(['Not ready: fine (KeyPairsReady)', 'Stalled: taken (UserClaimed)']);
  });

  it('says that the operator has not seen the AccessKey', () => {
    expect(text(accessKey({ status: {} }))).toContain('The operator has not seen this AccessKey yet.');
  });
});
