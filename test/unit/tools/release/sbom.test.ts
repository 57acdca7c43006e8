import { describe, expect, it } from 'vitest';
import { productionBom } from '../../../../tools/release/sbom.ts';

const bom = {
  metadata: { component: { 'bom-ref': 'app@1' } },
  components: [{ 'bom-ref': 'jose@6' }, { 'bom-ref': 'vitest@5' }],
  dependencies: [
    { ref: 'app@1', dependsOn: ['jose@6', 'vitest@5'] },
    { ref: 'jose@6', dependsOn: [] },
    { ref: 'vitest@5', dependsOn: ['jose@6'] },
  ],
};
const found = (name: string, version: string) => ({ name, version, license: 'MIT' });

describe('the software bill of materials of the image', () => {
  it('contains only the packages in the image and their dependencies', () => {
    expect(productionBom(bom, [found('jose', '6')])).toEqual({
      ...bom,
      components: [{ 'bom-ref': 'jose@6' }],
      dependencies: [
        { ref: 'app@1', dependsOn: ['jose@6'] },
        { ref: 'jose@6', dependsOn: [] },
      ],
    });
  });

  it('is rejected if a package is missing', () => {
    expect(() => productionBom(bom, [found('jose', '6'), found('pino', '10')])).toThrow('does not contain pino@10');
  });
});
