import type { ProductionPackage } from './licenses.ts';

/** The used part of a CycloneDX document, as written by npm. */
export interface Bom {
  metadata: { component: { 'bom-ref': string } };
  components: { 'bom-ref': string }[];
  dependencies: { ref: string; dependsOn: string[] }[];
}

/**
 * Reduces a software bill of materials to the packages in the image. `npm sbom --omit=dev` also omits packages that
 * both the image and the tests need.
 *
 * @param bom software bill of materials of all installed packages
 * @throws Error naming the packages that it does not contain
 */
export function productionBom<B extends Bom>(bom: B, packages: readonly ProductionPackage[]): B {
  const wanted = new Set(packages.map(({ name, version }) => `${name}@${version}`));
  const components = bom.components.filter((one) => wanted.has(one['bom-ref']));
  const found = new Set(components.map((one) => one['bom-ref']));
  const missing = [...wanted].filter((ref) => !found.has(ref));
  if (missing.length > 0) throw new Error(`the SBOM of npm does not contain ${missing.join(', ')}`);
  const kept = new Set([bom.metadata.component['bom-ref'], ...found]);
  const dependencies = bom.dependencies
    .filter(({ ref }) => kept.has(ref))
    .map((one) => ({ ...one, dependsOn: one.dependsOn.filter((ref) => kept.has(ref)) }));
  return { ...bom, components, dependencies };
}
