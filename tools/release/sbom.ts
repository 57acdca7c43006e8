import type { ProductionPackage } from './licences.ts';

/** What is used of a CycloneDX document, as npm writes it. */
export interface Bom {
  metadata: { component: { 'bom-ref': string } };
  components: { 'bom-ref': string }[];
  dependencies: { ref: string; dependsOn: string[] }[];
}

/**
 * The part of a software bill of materials that is about what gets into the image. npm's own `--omit=dev` also leaves out
 * what both the image and the tests need.
 *
 * @param bom of everything that is installed
 * @throws Error naming a package that it does not tell of
 */
export function productionBom<B extends Bom>(bom: B, packages: readonly ProductionPackage[]): B {
  const wanted = new Set(packages.map(({ name, version }) => `${name}@${version}`));
  const components = bom.components.filter((one) => wanted.has(one['bom-ref']));
  const told = new Set(components.map((one) => one['bom-ref']));
  const missing = [...wanted].filter((one) => !told.has(one));
  if (missing.length > 0) throw new Error(`npm's SBOM does not tell of ${missing.join(', ')}`);
  const kept = new Set([bom.metadata.component['bom-ref'], ...told]);
  const dependencies = bom.dependencies
    .filter(({ ref }) => kept.has(ref))
    .map((one) => ({ ...one, dependsOn: one.dependsOn.filter((ref) => kept.has(ref)) }));
  return { ...bom, components, dependencies };
}
