import { describe, expect, it } from 'vitest';
import packageJson from '../../../../package.json' with { type: 'json' };
import lock from '../../../../package-lock.json' with { type: 'json' };
import { disallowedPackages, type Lockfile, productionPackages } from '../../../../tools/release/licences.ts';

const found = (licence: string) => ({ name: 'a', version: '1.0.0', licence });

describe('licences of packages in the image', () => {
  const packages = productionPackages(lock as Lockfile);

  it('are allowed', () => {
    expect(disallowedPackages(packages)).toEqual([]);
  });

  it('include those of all dependencies, but not of devDependencies', () => {
    const names = packages.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(Object.keys(packageJson.dependencies)));
    expect(names).not.toContain('vitest');
    expect(names).not.toContain(packageJson.name);
  });

  it.each(['MIT', 'Apache-2.0', '(GPL-3.0-only OR MIT)'])('allow %s', (licence) => {
    expect(disallowedPackages([found(licence)])).toEqual([]);
  });

  it.each(['AGPL-3.0-only', 'GPL-3.0-only', 'none', 'MIT AND GPL-3.0-only', 'SEE LICENSE IN x', 'mit'])(
    'do not allow %s',
    (licence) => expect(disallowedPackages([found(licence)])).toEqual([found(licence)]),
  );

  it('include those of nested packages', () => {
    const packages = { '': {}, 'node_modules/@a/b/node_modules/@c/d': { version: '2.0.0', license: 'MIT' } };
    expect(productionPackages({ packages })).toEqual([{ name: '@c/d', version: '2.0.0', licence: 'MIT' }]);
  });
});
