import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import packageJson from '../../package.json' with { type: 'json' };
import { parseConfiguration } from '../../src/config/load.ts';

const root = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');
/** Folders with reasons of the operator itself. Other folders have reasons of deployments. */
const folders = 'src/{accesskey,clusters,kube,token,users,access}';
const code = globSync(`${folders}/**/*.ts`, { cwd: root }).map(read).join('\n');

/** @returns the reasons of conditions and Events in a source text */
function reasonsIn(text: string): string[] {
  const patterns = [/\breason: '([A-Z]\w+)'/g, /\b(?:normal|warning)\(\s*'([A-Z]\w+)'/g];
  const constants = /export const reasons = \{([\s\S]*?)\}/.exec(text)?.[1] ?? '';
  const found = [...patterns.flatMap((one) => [...text.matchAll(one)]), ...constants.matchAll(/: '([A-Z]\w+)'/g)];
  return [...new Set(found.map(([, reason = '']) => reason))].sort();
}

describe('docs/troubleshooting.md', () => {
  it('explains each reason of a condition or an Event', () => {
    const reasons = reasonsIn(code);
    expect(reasons).toEqual(expect.arrayContaining(['KeyPairsReady', 'UserClaimed', 'KeyPairRotated', 'OverlapEnded']));
    const text = read('docs/troubleshooting.md');
    expect(reasons.filter((reason) => !new RegExp(`\\b${reason}\\b`).test(text))).toEqual([]);
  });
});

describe('commands and URLs in documents', () => {
  const documents = globSync(['*.md', '{docs,bench,examples,charts,manifests}/**/*.{md,yaml,txt}'], { cwd: root });
  const found = (pattern: RegExp) =>
    documents.flatMap((document) =>
      [...read(document).replaceAll('\\\n', ' ').matchAll(pattern)].map(([text]) => text),
    );

  it('show the whole logs of all pods: with a selector, kubectl prints ten lines of each by default', () => {
    const commands = found(/kubectl [^\n`|]*\blogs\b[^\n`|]* -l [^\n`|]*/g);
    expect(commands.length).toBeGreaterThan(1);
    expect(commands.filter((one) => !(one.includes('--tail=-1') && one.includes('--prefix')))).toEqual([]);
  });

  it('use ports of the Service: 80, or 443 with HTTPS', () => {
    const urls = found(/\bhttps?:\/\/accesskey-operator[\w.-]*(?::\d+)?/g);
    expect(urls.length).toBeGreaterThan(3);
    const port = (url: string) => new URL(url).port || (url.startsWith('https:') ? '443' : '80');
    expect(urls.filter((url) => port(url) !== (url.startsWith('https:') ? '443' : '80'))).toEqual([]);
  });
});

describe('docs/upgrade.md', () => {
  it('writes backups with keys to files that only their owner can read', () => {
    const blocks = [...read('docs/upgrade.md').matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);
    const backups = blocks.filter((block) => /\bget secrets? [^\n]*-o json > /.test(block));
    expect(backups).toHaveLength(1);
    expect(backups[0]).toMatch(/^umask 077\b/);
  });
});

describe('bench/README.md', () => {
  const memory = /\d+(?: to \d+)? MiB/g;

  it.each<[string, RegExp]>([
    ['manifests/base/deployment.yaml', /Measured memory usage[^.]*\.md\)[^.]*/],
    ['charts/accesskey-operator/values.yaml', /Measured memory usage[^.]*\.md\)[^.]*/],
    ['docs/install.md', /^\| AccessKeys \| memory \|\n(?:\|.*\n)+/m],
    ['docs/capacity.md', /`bench:scale`: [^|]* MiB[^|]*/],
  ])('has the memory figures of %s', (file, passage) => {
    const figures = passage.exec(read(file))?.[0].match(memory) ?? [];
    expect(figures.length).toBeGreaterThan(1);
    expect(figures.filter((figure) => !read('bench/README.md').includes(figure))).toEqual([]);
  });
});

describe('docs/configuration.md', () => {
  it('shows the defaults, except for HTTPS', () => {
    const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(read('docs/configuration.md')) ?? [];
    const [head] = example.split('namespace:');
    const defaults = parseConfiguration(`${head}http: {plain: true}`, 'defaults');
    const { tls, ...http } = parseConfiguration(example, 'example').http;
    expect(tls).toBeDefined();
    expect({ ...parseConfiguration(example, 'example'), http: { ...http, plain: true } }).toEqual(defaults);
  });
});

describe('docs/api.md', () => {
  it('lists each path of the OpenAPI document', () => {
    const [, table = ''] = /^## Paths\n([\s\S]*?)^## /m.exec(read('docs/api.md')) ?? [];
    const paths = [...read('tools/openapi-client/api.generated.ts').matchAll(/^ {4}"(\/[^"]+)": \{$/gm)];
    const names = paths.map(([, path = '']) => path.replace(/^\/apis\/\w+\.io\/v1alpha1/, ''));
    expect(names).toEqual(expect.arrayContaining(['/oauth2/token', '/users/{id}']));
    expect(names.filter((name) => !['`', '?'].some((end) => table.includes(`${name}${end}`)))).toEqual([]);
  });
});

describe('CONTRIBUTING.md', () => {
  it('mentions each script of package.json', () => {
    const text = read('CONTRIBUTING.md');
    const isMentioned = (name: string) => new RegExp(`(?:\\bnpm (?:run )?|\`)${name}(?![\\w:-])`).test(text);
    // npm runs prepare by itself.
    const scripts = Object.keys(packageJson.scripts).filter((name) => name !== 'prepare');
    expect(scripts.filter((name) => !isMentioned(name))).toEqual([]);
  });
});

describe('npm scripts in documents', () => {
  const documents = globSync(['*.md', '{docs,bench,examples,charts}/**/*.md'], {
    cwd: root,
    exclude: ['CHANGELOG.md', 'docs/decisions/*'],
  });

  it('exist', () => {
    const mentioned = documents.flatMap((document) =>
      [...read(document).matchAll(/\bnpm run ([\w:-]+)/g)].map(([, name = '']) => ({ document, name })),
    );
    expect(mentioned).toContainEqual({ document: 'CONTRIBUTING.md', name: 'test:unit' });
    expect(mentioned.filter(({ name }) => !(name in packageJson.scripts))).toEqual([]);
  });
});

describe('docs/decisions/README.md', () => {
  it('lists each record with its number, title and date', () => {
    const index = read('docs/decisions/README.md');
    const records = globSync('docs/decisions/[0-9]*.md', { cwd: root });
    const rows = records.map((record) => {
      const [, number = '', title] = /^# (\d+)\. (.*)$/m.exec(read(record)) ?? [];
      const [, date] = /^- Date: (.*)$/m.exec(read(record)) ?? [];
      return `| [${number.padStart(4, '0')}](${basename(record)}) | ${title} | ${date} |`;
    });
    expect(rows.length).toBeGreaterThan(40);
    expect(rows.filter((row) => !index.includes(row))).toEqual([]);
  });
});

describe('mentions of files', () => {
  const mentioning = globSync(
    [
      '*.md',
      '.github/*.md',
      '{docs,bench,examples,charts}/**/*.md',
      '{manifests,crds,charts,examples}/**/*.yaml',
      'src/**/*.ts',
    ],
    { cwd: root, exclude: ['CHANGELOG.md', 'docs/decisions/*'] },
  );
  const mention =
    /(?<![\w./-])(?:src|test|tools|bench|manifests|crds|charts|examples)\/[\w./-]+\.(?:ts|yaml|json|md|mjs)\b/g;

  it('name files that exist', () => {
    expect('see src/kube/client.ts.'.match(mention)).toEqual(['src/kube/client.ts']);
    const wrong = mentioning.flatMap((document) =>
      (read(document).match(mention) ?? [])
        .filter((file) => !existsSync(join(root, file)))
        .map((file) => `${document}: ${file}`),
    );
    expect(wrong).toEqual([]);
    expect(mentioning.length).toBeGreaterThan(200);
  });
});

describe('prose in documents', () => {
  const documents = globSync(['*.md', '{docs,bench,examples,charts,test}/**/*.md', '.github/**/*.md'], { cwd: root });
  const generated = /<!-- generated [\s\S]*?<!-- end of generated text -->/g;
  const codeBlock = /^ *```[\s\S]*?^ *```$/gm;
  /** A table, a heading, or one word, such as a URL. */
  const cannotBeWrapped = /^(?:\s*\||#|\s*(?:- )?\S+$)/;

  it.each(documents)('of %s has lines of at most 120 characters', (document) => {
    const lines = read(document).replaceAll(generated, '').replaceAll(codeBlock, '').split('\n');
    expect(lines.filter((line) => line.length > 120 && !cannotBeWrapped.test(line))).toEqual([]);
  });
});

describe('links between documents', () => {
  const documents = globSync(['*.md', '{docs,bench,examples,charts}/**/*.md', '.github/*.md'], { cwd: root });

  it.each(documents)('in %s are valid', (document) => {
    const text = read(document);
    const links = [...text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, target = '']) => target);
    const broken = links.filter((target) => !isValidLink(join(document, '..'), document, target));
    expect(broken).toEqual([]);
  });
});

function isValidLink(folder: string, document: string, target: string): boolean {
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? document : join(folder, path);
  const exists = globSync(file, { cwd: root }).length > 0;
  if (!exists || anchor === undefined) return exists;
  const headings = [...read(file).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading));
  return headings.includes(anchor);
}

/** @returns the anchor that GitHub generates for a heading */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}

describe('the version in package.json', () => {
  const files = [
    'README.md',
    'Dockerfile',
    'manifests/install.yaml',
    ...globSync(['docs/*.md', 'manifests/base/*.yaml'], { cwd: root }),
  ];

  it('matches every image tag in documents and manifests', () => {
    const tags = files.flatMap((file) =>
      [...read(file).matchAll(/accesskey-operator:(\d[\w.-]*)/g)].map(([, tag]) => tag),
    );
    expect(tags.length).toBeGreaterThan(4);
    expect(new Set(tags)).toEqual(new Set([packageJson.version]));
  });

  it('matches version and appVersion of the chart', () => {
    const { version, appVersion } = parse(read('charts/accesskey-operator/Chart.yaml'));
    expect({ version, appVersion }).toEqual({ version: packageJson.version, appVersion: packageJson.version });
  });
});

/** Whether a range of `engines`, as the packages here write them, includes a version of Node. */
function includes(range: string, version: readonly number[]): boolean {
  return range.split('||').some((part) => {
    const [, operator, text = ''] = /^\s*(>=|\^|)\s*([\d.]+)(?:\.x)?\s*$/.exec(part) ?? expect.fail(`range ${range}`);
    const wanted = text.split('.').map(Number);
    const differing = wanted.findIndex((number, index) => number !== version[index]);
    const isNewer = differing < 0 || (version[differing] ?? 0) > (wanted[differing] ?? 0);
    return isNewer && (operator === '>=' || wanted[0] === version[0]);
  });
}

describe('the documented Node version', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { engines?: { node?: string } }>;
  };
  const rejecting = (version: readonly number[]) =>
    Object.keys(packages).filter((name) => !includes(packages[name]?.engines?.node ?? '>=0', version));

  it.each(['README.md', 'CONTRIBUTING.md'])('in %s causes no warning of npm about engines', (file) => {
    const [, major] = /^You need Linux, Node (\d+) with npm/m.exec(read(file)) ?? [];
    expect(rejecting([Number(major), 0, 0])).toEqual([]);
  });

  it('causes warnings if it is too old', () => {
    expect(rejecting([20, 20, 2])).toEqual(expect.arrayContaining(['', 'node_modules/vitest']));
    expect(rejecting([22, 18, 0])).toContain('node_modules/undici');
    expect(rejecting([22, 19, 0])).toEqual([]);
  });
});
