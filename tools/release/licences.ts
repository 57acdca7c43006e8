/** Licences that dependencies of the image may have: they ask for no more than to be named. */
const allowedLicences: ReadonlySet<string> = new Set([
  ...['0BSD', 'Apache-2.0', 'BlueOak-1.0.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'PSF-2.0', 'Unlicense'],
]);

/** What is used of package-lock.json (lockfileVersion 3). */
export interface Lockfile {
  packages: Record<string, LockedPackage>;
}

interface LockedPackage {
  /** Where it is not that of the folder, since another package stands in. */
  name?: string;
  version?: string;
  license?: string;
  dev?: boolean;
  link?: boolean;
}

/** A package that gets into the image. */
export interface ProductionPackage {
  name: string;
  version: string;
  /** SPDX expression; `none` when the package names none. */
  licence: string;
}

/** The packages that `npm ci --omit=dev` installs, without those of this repository. */
export function productionPackages({ packages }: Lockfile): ProductionPackage[] {
  return Object.entries(packages)
    .filter(([path, { dev, link }]) => path.startsWith('node_modules/') && !dev && !link)
    .map(([path, { name = nameOf(path), version = '', license: licence = 'none' }]) => ({ name, version, licence }));
}

const nameOf = (path: string) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

/** Those whose licence is not allowed. Of alternatives (`A OR B`) one is enough; any other expression is looked at by a person. */
export function refusedPackages(all: readonly ProductionPackage[]): ProductionPackage[] {
  return all.filter(({ licence }) => {
    const alternatives = licence.replaceAll(/[()]/g, '').split(' OR ');
    return !alternatives.some((one) => allowedLicences.has(one));
  });
}
