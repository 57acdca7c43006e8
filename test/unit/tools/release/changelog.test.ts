import { describe, expect, it } from 'vitest';
import { checkChangelog, checkTag } from '../../../../tools/release/changelog.ts';

describe('the changelog of a release', () => {
  const title = '# Changelog\n\nAbout it.\n\n';
  const older = '## [0.1.0] - 2026-01-01\n\n### Added\n\n- a\n';

  it.each([
    [`${title}## [Unreleased]\n\n## [0.2.0] - 2026-02-01\n\n- b\n\n${older}`, '0.2.0'],
    [`${title}## [Unreleased]\n\n${older}`, '0.1.0'],
  ])('%# is complete', (text, version) => {
    expect(() => checkChangelog(text, version)).not.toThrow();
  });

  it.each([
    ['"## [Unreleased]" is not empty', `${title}## [Unreleased]\n\n### Fixed\n\n- b\n\n${older}`, '0.1.0'],
    ['is "## [0.1.0] - 2026-01-01", not "## [0.2.0] - DATE"', `${title}## [Unreleased]\n\n${older}`, '0.2.0'],
    [
      'is "## [0.2.0] - 2026-02-01", not "## [0.1.0] - DATE"',
      `${title}## [Unreleased]\n\n## [0.2.0] - 2026-02-01\n\n${older}`,
      '0.1.0',
    ],
    ['not "## [0.2.0] - DATE"', `${title}## [Unreleased]\n\n## [0.2.0]\n\n${older}`, '0.2.0'],
    ['the first section is not "## [Unreleased]"', `${title}${older}`, '0.1.0'],
  ])('is rejected: %s', (message, text, version) => {
    expect(() => checkChangelog(text, version)).toThrow(message);
  });
});

describe('the tag of a release', () => {
  it('may be absent, or name the commit', () => {
    expect(() => checkTag('0.1.0', undefined, 'a')).not.toThrow();
    expect(() => checkTag('0.1.0', 'a', 'a')).not.toThrow();
  });

  it('must not name another commit', () => {
    expect(() => checkTag('0.1.0', 'b', 'a')).toThrow('the tag v0.1.0 names another commit, b');
  });
});
