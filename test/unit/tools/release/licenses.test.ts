import { describe, expect, it } from 'vitest';
import lock from '../../../../package-lock.json' with { type: 'json' };
import { disallowedPackages, type Lockfile, productionPackages } from '../../../../tools/release/licenses.ts';

const found = (license: string) => ({ name: 'a', version: '1.0.0', license });

describe('licenses of packages in the image', () => {
  const lockfile = lock as Lockfile;
  const paths = Object.entries(lockfile.packages).flatMap(([path, { dev }]) => (dev ? [] : [path]));

  it('are allowed', () => {
    const packages = paths.filter(
      (path) => path.startsWith('node_modules/') && !('link' in (lockfile.packages[path] ?? {})),
    );
    expect(disallowedPackages(productionPackages(lockfile, packages))).toEqual([]);
  });

  it.each(['MIT', 'Apache-2.0', '(GPL-3.0-only OR MIT)'])('allow %s', (license) => {
    expect(disallowedPackages([found(license)])).toEqual([]);
  });

  it.each(['AGPL-3.0-only', 'GPL-3.0-only', 'none', 'MIT AND GPL-3.0-only', 'SEE LICENSE IN x', 'mit'])(
    'do not allow %s',
    (license) => expect(disallowedPackages([found(license)])).toEqual([found(license)]),
  );

  it('include those of nested packages', () => {
    const path = 'node_modules/@a/b/node_modules/@c/d';
    const packages = { '': {}, [path]: { version: '2.0.0', license: 'MIT' } };
    expect(productionPackages({ packages }, [path])).toEqual([{ name: '@c/d', version: '2.0.0', license: 'MIT' }]);
  });

  it.each(['node_modules/vitest', 'node_modules/unknown'])(
    'do not include %s, which is not a production dependency',
    (path) => {
      expect(() => productionPackages(lockfile, [path])).toThrow(`${path} is not a production dependency`);
    },
  );
});
