/** The gitleaks configuration in examples/, with a real gitleaks: it finds key pairs as users store them. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { downloadOf, formats } from '../../src/web/keys/downloads.ts';
import { locatePrograms } from '../../tools/go-programs/locate.ts';
import { gitleaksPrograms } from '../../tools/go-programs/program-sets.ts';

const run = promisify(execFile);
const config = join(import.meta.dirname, '../../examples/gitleaks.toml');
const pair = { ak: 'd4b1b9f2-3c53-4a6e-9d0f-6d0e3a1c7b58', sk: '7f0c2b1e-95d4-4c1a-8e7b-2a9d6f3c0e14' };
const location = { name: 'ci', namespace: 'people', secret: 'alice-ci' };
const base64 = (text: string) => Buffer.from(text).toString('base64');

let gitleaks: string;
let directory: string;

beforeAll(async () => {
  ({ gitleaks } = await locatePrograms(gitleaksPrograms));
  directory = await mkdtemp(join(tmpdir(), 'accesskey-gitleaks-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

interface Finding {
  RuleID: string;
  Secret: string;
}

/** @returns what the rules of the example find in a file; those that gitleaks extends are not considered */
async function scan(text: string): Promise<Finding[]> {
  const folder = await mkdtemp(join(directory, 'scan-'));
  const report = join(directory, 'report.json');
  await writeFile(join(folder, 'file.txt'), text);
  const output = ['--report-format', 'json', '--report-path', report];
  await run(gitleaks, ['dir', folder, '--config', config, '--no-banner', '--exit-code', '0', ...output]);
  const findings = JSON.parse(await readFile(report, 'utf8')) as Finding[];
  return findings.filter(({ RuleID }) => RuleID.startsWith('accesskey-operator'));
}

describe('the gitleaks configuration', () => {
  test.each(formats)('finds the sk in a download as %s', async (format) => {
    const [finding] = await scan(downloadOf(format, pair, location).text);
    expect(finding).toMatchObject({ RuleID: 'accesskey-operator-secret-key', Secret: pair.sk });
  });

  test.each([
    ['a shell script', `export SECRET_KEY="${pair.sk}"`],
    ['a pod', `- {name: SECRET_KEY, value: ${pair.sk}}`],
    ['a Deployment', `        - name: SECRET_KEY\n          value: '${pair.sk}'`],
    ['a form', `ak=${pair.ak}&sk=${pair.sk}&cycle=1`],
    ['a URL', `https://keys.example.org/apis/ghippo.io/v1alpha1/token?ak=${pair.ak}&sk=${pair.sk}`],
    ['JSON', `{"ak":"${pair.ak}","sk":"${pair.sk}"}`],
    ['curl', `curl -u ${pair.ak}:${pair.sk} https://keys.example.org/oauth2/token`],
    ['a Secret', `data:\n  ak: ${base64(pair.ak)}\n  sk: ${base64(pair.sk)}`],
    ['a rotated Secret', `{"data": {"previous-sk": "${base64(pair.sk)}"}}`],
  ])('finds the sk in %s', async (_, text) => {
    const found = (await scan(text)).map(({ Secret }) => Secret);
    expect([pair.sk, base64(pair.sk)].some((one) => found.includes(one))).toBe(true);
  });

  test.each([
    ['an ak', `ACCESS_KEY=${pair.ak}\nak: ${pair.ak}`],
    ['another UUID', `uid: ${pair.sk}\ntask: ${pair.sk}`],
    ['a reference to the sk', `SECRET_KEY=$(kubectl get secret alice-ci -o jsonpath='{.data.sk}' | base64 -d)`],
    ['other Base64', `data:\n  ak: ${base64(pair.ak)}\n  sk: ${base64('x'.repeat(36))}`],
  ])('finds nothing in %s', async (_, text) => {
    expect(await scan(text)).toEqual([]);
  });

  test('finds nothing in the documentation and the snippets of the console', async () => {
    const root = join(import.meta.dirname, '../..');
    const files = ['README.md', 'docs/tokens.md', 'docs/users.md', 'src/web/assets/snippets/curl.txt'];
    const texts = await Promise.all(files.map((file) => readFile(join(root, file), 'utf8')));
    expect(await scan(texts.join('\n'))).toEqual([]);
  });
});
