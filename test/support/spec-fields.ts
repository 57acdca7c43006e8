/** Values at and beyond the bounds of the fields of an AccessKey, for random-spec.ts. */

/** A JSON number that JavaScript cannot write as such, for example -0; `toJson` writes it. */
const rawNumber = (text: string) => `@number:${text}`;

/** A field of the spec. */
export interface Field {
  path: readonly (string | number)[];
  /** A function gets the name of the user. */
  good: readonly unknown[];
  /** Each must be rejected with a message about this field. */
  bad: readonly unknown[];
}

const long = (length: number, text = 'x') => text.repeat(length);
const map = (length: number, value = 'v') => Object.fromEntries(Array.from({ length }, (_, i) => [`key-${i}`, value]));
const list = (length: number) => Array.from({ length }, (_, i) => `item-${i}`);
const federated = (change: object = {}) => ({
  ...{ issuer: 'https://ci.example.org', subject: 'project:shop', audience: 'ghippo.io' },
  ...change,
});
const cidrs = (length: number) => Array.from({ length }, (_, i) => `10.${i}.0.0/16`);
const invisible = ['a\u200bb', 'a\u202eb', 'a\u00a0b', 'a\ufeffb', 'a\nb', 'a\u0000b', 'a\u007fb'];
const notText = [1, true, [], {}];
const dataKeys = (own: string) => ({
  good: [own, long(253), '-', '_', '.a', 'a..b', '__proto__', 'constructor', 'previous-AK'],
  bad: ['', '.', '..', '..a', 'a/b', 'a b', 'ä', 'previous-ak', 'previous-sk', long(254), ...notText],
});
const display = (length: number) => ({
  good: ['', long(length), long(length, '😀'), '<b>&"\'', ' a '],
  bad: [long(length + 1), 'a\nb', 'a\u0000b', 'a\u007fb', ...notText],
});

const times = {
  good: [
    '0000-01-01T00:00:00Z',
    '0000-01-01T00:00:00+23:59',
    '0001-01-01T00:00:00Z',
    '1969-12-31T23:59:59Z',
    '2024-02-29T00:00:00Z',
    '2100-01-01T00:00:00.1Z',
    '2100-01-01T00:00:00.00000000000001Z',
    '2100-01-01T00:00:00+14:00',
    '2100-01-01T00:00:00-00:00',
    '9999-12-31T23:59:59Z',
    '9999-12-31T23:59:59.999999999-23:59',
  ],
  bad: [
    '2023-02-29T00:00:00Z',
    '2024-02-30T00:00:00Z',
    '2100-00-10T00:00:00Z',
    '2100-13-01T00:00:00Z',
    '2100-01-32T00:00:00Z',
    '2100-01-01T24:00:00Z',
    '2100-01-01T23:60:00Z',
    // A leap second, which neither Go nor JavaScript can represent.
    '2016-12-31T23:59:60Z',
    '2100-01-01T00:00:00.Z',
    '2100-01-01T00:00:00,5Z',
    `2100-01-01T00:00:00.${long(20, '0')}Z`,
    '2100-01-01T00:00:00+24:00',
    '2100-01-01T00:00:00+14:60',
    '2100-01-01T00:00:00+1400',
    '2100-01-01T00:00:00',
    '2100-01-01t00:00:00z',
    '2100-01-01 00:00:00Z',
    '2100-01-01',
    '10000-01-01T00:00:00Z',
    '+010000-01-01T00:00:00Z',
    '-0001-01-01T00:00:00Z',
    '',
    'never',
    ...notText,
    4102444800,
    ['2100-01-01T00:00:00Z'],
  ],
};

export const fields: readonly Field[] = [
  {
    path: ['user', 'name'],
    good: [(user: string) => `${user} ä 😀`, (user: string) => user.padEnd(253, 'x')],
    bad: ['', ' a', 'a ', long(254), ...invisible, ...notText],
  },
  {
    path: ['user', 'groups'],
    good: [[], list(16), [long(253)], ['system:masters'], ['a b'], ['ä', '😀']],
    bad: [list(17), ['a', 'a'], [''], [' a'], [long(254)], ...invisible.map((one) => [one]), 'a', [1]],
  },
  { path: ['user', 'email'], ...display(254) },
  { path: ['user', 'firstName'], ...display(255) },
  { path: ['user', 'description'], ...display(1024) },
  { path: ['suspended'], good: [true, false], bad: ['true', 1, 'yes'] },
  {
    path: ['serviceAccounts'],
    good: [[], list(16), ['a.b', long(253)]],
    bad: [list(17), ['a', 'a'], ['A'], ['-a'], ['a..b'], [''], [long(254)], 'a', [1]],
  },
  {
    path: ['federated'],
    good: [
      [],
      [federated()],
      Array.from({ length: 16 }, (_, i) => federated({ subject: `s-${i}` })),
      [federated({ issuer: `https://${long(248)}`, subject: long(512), audience: long(256) })],
      [federated({ subject: 'a b' }), federated({ audience: 'other' })],
    ],
    bad: [
      Array.from({ length: 17 }, (_, i) => federated({ subject: `s-${i}` })),
      [federated(), federated()],
      ...[
        { issuer: 'example.org' },
        { issuer: 'https://a#b' },
        { issuer: 'https://a?b' },
        { issuer: 'https://a b' },
        { subject: '' },
        { subject: ' a' },
        { subject: 'a\nb' },
        { subject: 'ä' },
        { subject: long(513) },
        { audience: 'a b' },
        { audience: '' },
        { audience: undefined },
        { issuer: 1 },
      ].map((one) => [federated(one)]),
      ['a'],
      {},
    ],
  },
  {
    path: ['audiences'],
    good: [[], list(16), ['https://api.example.org/v1?a=b#c'], ['urn:a:b', long(256)]],
    bad: [list(17), ['a', 'a'], [''], ['a b'], ['a"'], ['a\\'], ['ä'], ['a\n'], [long(257)], 'a', [1]],
  },
  {
    path: ['keyPairs', 0, 'name'],
    good: ['0', long(63), 'a--b'],
    bad: ['', 'A', '-a', 'a-', 'a.b', 'a_b', long(64), 'ä', ...notText],
  },
  {
    path: ['keyPairs', 0, 'description'],
    good: ['x', long(256), long(256, '😀')],
    bad: ['', long(257), 'a\nb', ...notText],
  },
  { path: ['keyPairs', 0, 'accessToken'], good: [true, false], bad: ['true', 1] },
  { path: ['keyPairs', 0, 'enabled'], good: [true, false], bad: ['true', 0] },
  { path: ['keyPairs', 0, 'expiresAt'], ...times },
  { path: ['keyPairs', 0, 'tokensNotBefore'], ...times },
  {
    path: ['keyPairs', 0, 'revision'],
    good: [1, 2, Number.MAX_SAFE_INTEGER],
    bad: [
      0,
      -1,
      1.5,
      '1',
      true,
      ...['-0', '9007199254740992', '9223372036854775807', '9223372036854775808', '1e300', '-1e300'].map(rawNumber),
    ],
  },
  {
    path: ['keyPairs', 0, 'tokenLifetime'],
    good: ['10m', '600s', '1h30m', '000001h0m0s', '999999h999999m999999s'],
    bad: ['', '9m59s', '0h', '1d', '1.5h', '-1h', '1000000h', 'PT1H', 'h', '1h ', '1m1h', '1H', ...notText, 3600],
  },
  {
    path: ['keyPairs', 0, 'allowedCIDRs'],
    good: [['10.0.0.0/8'], ['0.0.0.0/0', '::/0'], ['192.0.2.1/32', '2001:db8::/32', '::1/128'], cidrs(16)],
    bad: [
      [],
      cidrs(17),
      ['10.0.0.0/8', '10.0.0.0/8'],
      ...['', '10.0.0.1', '10.0.0.1/8', '10.0.0.0/33', '10.0.0.0/08', '010.0.0.0/8', '10/8', '::1/64', '::/129'].map(
        (one) => [one],
      ),
      ...['::ffff:10.0.0.0/104', 'fe80::%eth0/64', 'example.org/24', ' 10.0.0.0/8', long(44, '1')].map((one) => [one]),
      '10.0.0.0/8',
      [1],
    ],
  },
  {
    path: ['keyPairs', 0, 'rotation'],
    good: [
      { interval: '1h' },
      { interval: '60m' },
      { interval: '3600s' },
      { interval: '000001h0m0s' },
      { interval: '999999h999999m999999s' },
      { overlap: '0s' },
      { overlap: '999999h999999m999999s' },
      { interval: '1h', overlap: '59m59s' },
      { interval: '999999h999999m999999s', overlap: '999999h999999m999998s' },
      { overlap: '1h', maxOverlap: '1h' },
      { overlap: '1h', maxOverlap: '999999h999999m999999s' },
      { interval: '3h', overlap: '1h', maxOverlap: '2h59m59s' },
    ],
    bad: [
      {},
      { interval: '59m59s' },
      { interval: '0h' },
      { interval: '30d' },
      { interval: '1.5h' },
      { interval: '-1h' },
      { interval: '+1h' },
      { interval: '1000000h' },
      { interval: 'PT1H' },
      { interval: 'h' },
      { interval: '' },
      { interval: '1h ' },
      { interval: '1h1h' },
      { interval: '1m1h' },
      { interval: '1H' },
      { interval: 3600 },
      { interval: rawNumber('1e300') },
      { overlap: '1' },
      { overlap: '1d' },
      { overlap: '1000000s' },
      { overlap: '-1s' },
      { overlap: '' },
      { interval: '1h', overlap: '1h' },
      { interval: '1h', overlap: '60m1s' },
      { maxOverlap: '1h' },
      { overlap: '1h', maxOverlap: '59m59s' },
      { overlap: '1h', maxOverlap: '2d' },
      { overlap: '1h', maxOverlap: '1000000h' },
      { overlap: '1h', maxOverlap: '' },
      { interval: '2h', overlap: '1h', maxOverlap: '2h' },
    ],
  },
  {
    path: ['keyPairs', 0, 'token'],
    good: [{}, { key: 'bearer' }, { validFor: '10m' }, { key: 'valueOf', validFor: '999999h' }],
    // Not ak and sk, which are valid if secret.akKey and secret.skKey are others.
    bad: [
      { key: 'previous-ak' },
      { key: 'previous-sk' },
      { key: '' },
      { key: 'a/b' },
      { key: '..' },
      { key: long(254) },
      { validFor: '9m59s' },
      { validFor: '1d' },
      { validFor: '' },
      { validFor: 60 },
      { audience: '' },
      { audience: 1 },
      true,
    ],
  },
  {
    path: ['keyPairs', 0, 'secret', 'name'],
    // Unique, because each Secret belongs to one AccessKey.
    good: [(user: string) => `${user}.b-c`, (user: string) => user.padEnd(253, 'x')],
    bad: ['', 'A', '-a', 'a-', 'a..b', '.a', 'a_b', long(254), ...notText],
  },
  { path: ['keyPairs', 0, 'secret', 'akKey'], ...dataKeys('access-key') },
  {
    path: ['keyPairs', 0, 'secret', 'skKey'],
    good: ['secret-key', `-${long(252)}`, 'toString'],
    bad: dataKeys('').bad,
  },
  {
    path: ['keyPairs', 0, 'secret', 'labels'],
    good: [{}, map(16), { 'a.b/c': '' }, { constructor: long(63) }, { toString: 'a.b_c-d' }],
    bad: [
      map(17),
      { a: long(64) },
      { a: 'a b' },
      { a: '-a' },
      { 'a b': 'a' },
      { 'a/b/c': 'a' },
      { '': 'a' },
      { 'ghippo.io/a': 'a' },
      { 'app.kubernetes.io/managed-by': 'a' },
      { a: 1 },
    ],
  },
  {
    path: ['keyPairs', 0, 'secret', 'annotations'],
    good: [{}, map(16, long(4096)), { a: '' }, { a: 'a\nb\u0000' }, { constructor: '😀' }],
    bad: [
      map(17),
      { a: long(4097) },
      { 'a b': 'a' },
      { '': 'a' },
      { 'ghippo.io/adopt': 'a' },
      { 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
      { a: 1 },
    ],
  },
];

export function toJson(spec: object): string {
  return JSON.stringify(spec).replaceAll(/"@number:([^"]*)"/g, '$1');
}
