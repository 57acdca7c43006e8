import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { generateTypes, typesFile } from '../../tools/generate-types.ts';

describe('src/accesskey/types.generated.ts', () => {
  it('is what npm run generate makes of the CRD', async () => {
    const generated = await generateTypes();
    expect(generated).toContain('export interface AccessKeySpec');
    expect(generated).toContain('export interface AccessKeyStatus');
    expect(await readFile(typesFile, 'utf8')).toBe(generated);
  });
});
