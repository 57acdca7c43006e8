/**
 * Checks whether this checkout can be released, `npm run release:check`: generated files are up to date, licenses are
 * allowed, tests pass, also with Argo CD and Flux, the image can be built and runs. Writes the files of a release to dist/: the manifests, the
 * chart and the software bill of materials.
 */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import packageJson from '../../package.json' with { type: 'json' };
import { buildBundles } from '../bundle/build.ts';
import { installFile, renderInstall } from '../generate/install-manifest.ts';
import { generatedFiles } from '../generate/main.ts';
import { locateBinaries, locatePrograms } from '../go-programs/locate.ts';
import { helmPrograms } from '../go-programs/program-sets.ts';
import { withDocker } from '../images/docker.ts';
import { createKubectl } from '../kubectl.ts';
import { run, succeeds } from '../run-command.ts';
import { checkChangelog, checkTag } from './changelog.ts';
import { checkImage } from './image.ts';
import { disallowedPackages, type Lockfile, type ProductionPackage, productionPackages } from './licenses.ts';
import { type Bom, productionBom } from './sbom.ts';

const root = join(import.meta.dirname, '../..');
const dist = join(root, 'dist');
const { name, version } = packageJson;

const usage = `Usage: npm run release:check -- [--without STEP]... [--local-base]

  --without STEP  skip a step
  --local-base    if the public base image cannot be pulled, check the image with one that is built locally

Steps: tree, changelog, generated, licenses, sbom, manifests, chart, image, tests, gitops
`;

interface Flags {
  readonly without: readonly string[];
  readonly localBase: boolean;
}

/** Each step returns its result as a line of text. */
const steps: Record<string, (flags: Flags) => Promise<string>> = {
  async tree() {
    const changes = await run('git', ['status', '--porcelain'], { cwd: root });
    if (changes !== '') throw new Error('there are uncommitted changes');
    return `commit ${(await run('git', ['rev-parse', '--short', 'HEAD'], { cwd: root })).trim()}`;
  },

  async changelog() {
    checkChangelog(await readFile(join(root, 'CHANGELOG.md'), 'utf8'), version);
    const tag = `refs/tags/v${version}`;
    const isTagged = await succeeds('git', ['show-ref', '--verify', '--quiet', tag], { cwd: root });
    const commitOf = async (name: string) =>
      (await run('git', ['rev-parse', `${name}^{commit}`], { cwd: root })).trim();
    checkTag(version, isTagged ? await commitOf(tag) : undefined, await commitOf('HEAD'));
    return `all changes are in the section "## [${version}]"`;
  },

  async generated() {
    for (const { file, text } of generatedFiles) {
      if ((await readFile(file, 'utf8')) !== (await text())) throw new Error(outdated(file, 'npm run generate'));
    }
    const { kubectl } = await locateBinaries();
    const rendered = await renderInstall(createKubectl(kubectl, ''));
    if ((await readFile(installFile, 'utf8')) !== rendered) throw new Error(outdated(installFile, 'npm run render'));
    return `${generatedFiles.length + 1} files are up to date`;
  },

  async licenses() {
    const packages = await imagePackages();
    const disallowed = disallowedPackages(packages).map((one) => `${one.name} ${one.version} (${one.license})`);
    if (disallowed.length > 0) throw new Error(`licenses are not allowed: ${disallowed.join(', ')}`);
    return `${packages.length} packages, all licenses are allowed`;
  },

  async sbom() {
    const flags = ['--workspaces=false', '--package-lock-only', '--sbom-format=cyclonedx', '--sbom-type=application'];
    const everything = JSON.parse(await run('npm', ['sbom', ...flags], { cwd: root })) as Bom;
    const bom = productionBom(everything, await imagePackages());
    await writeFile(join(dist, `${name}-${version}.cdx.json`), `${JSON.stringify(bom, null, 2)}\n`);
    return `${bom.components.length} components`;
  },

  async manifests() {
    const text = await readFile(installFile, 'utf8');
    if (!text.includes(`image: ${name}:${version}\n`))
      throw new Error(`manifests do not use the image ${name}:${version}`);
    await copyFile(installFile, join(dist, 'install.yaml'));
    return `image ${name}:${version}`;
  },

  async chart() {
    const chart = parse(await readFile(join(root, 'charts', name, 'Chart.yaml'), 'utf8'));
    const other = [chart.version, chart.appVersion].find((one) => one !== version);
    if (other !== undefined) throw new Error(`Chart.yaml has version ${other}, package.json has ${version}`);
    const { helm } = await locatePrograms(helmPrograms);
    await run(helm, ['lint', '--strict', join(root, 'charts', name)]);
    await run(helm, ['package', join(root, 'charts', name), '--destination', dist]);
    return `${name}-${version}.tgz`;
  },

  image: ({ localBase }) =>
    withDocker(logDetail, (docker) => checkImage(docker, { name, version, sources: root, localBase }, logDetail)),

  async tests() {
    await run('npm', ['test'], { cwd: root });
    await run('npm', ['run', 'test:extended'], { cwd: root });
    return 'passed';
  },

  async gitops() {
    await run('npm', ['run', 'test:gitops'], { cwd: root });
    return 'passed';
  },
};

const logDetail = (line: string) => void process.stdout.write(`         ${line}\n`);
const outdated = (file: URL, command: string) => `${file.pathname} is out of date, run ${command}`;

async function imagePackages(): Promise<ProductionPackage[]> {
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as Lockfile;
  return productionPackages(lock, await buildBundles(root));
}

/** Runs all steps and prints their results. Returns whether all have succeeded. */
async function check(flags: Flags): Promise<boolean> {
  await mkdir(dist, { recursive: true });
  let succeeded = true;
  for (const [step, perform] of Object.entries(steps)) {
    if (flags.without.includes(step)) {
      process.stdout.write(`skipped  ${step}\n`);
      continue;
    }
    try {
      process.stdout.write(`ok       ${step}: ${await perform(flags)}\n`);
    } catch (error) {
      succeeded = false;
      process.stdout.write(`FAILED   ${step}: ${error instanceof Error ? error.message : error}\n`);
    }
  }
  return succeeded;
}

function readFlags(): Flags & { help: boolean } {
  const strings = { type: 'string', multiple: true } as const;
  const flag = { type: 'boolean' } as const;
  const options = { without: strings, 'local-base': flag, help: flag } as const;
  try {
    const { without = [], 'local-base': localBase = false, help = false } = parseArgs({ options }).values;
    const unknown = without.find((step) => !(step in steps));
    if (unknown !== undefined) throw new Error(`unknown step "${unknown}"`);
    return { without, localBase, help };
  } catch (error) {
    process.stderr.write(`release:check: ${error instanceof Error ? error.message : error} (see --help)\n`);
    process.exit(2);
  }
}

const { help, ...flags } = readFlags();
if (help) process.stdout.write(usage);
else process.exitCode = (await check(flags)) ? 0 : 1;
