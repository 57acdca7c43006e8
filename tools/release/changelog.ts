/** What keeps a version from being released: its section of the changelog, and its tag. */

/**
 * Checks that everything in the changelog belongs to the version or an earlier one.
 *
 * @param text CHANGELOG.md, in the format of Keep a Changelog
 * @throws Error unless "Unreleased" is empty, and the version is the first section with a date
 */
export function checkChangelog(text: string, version: string): void {
  const [, ...sections] = text.split(/^## /m);
  const [unreleased = '', latest = ''] = sections;
  if (!unreleased.startsWith('[Unreleased]\n')) throw new Error('the first section is not "## [Unreleased]"');
  if (unreleased.slice('[Unreleased]\n'.length).trim() !== '') {
    throw new Error(`"## [Unreleased]" is not empty: move its entries to a section of the version to release`);
  }
  const [heading = ''] = latest.split('\n', 1);
  const [, released, date] = /^\[(.+)\] - (\d{4}-\d{2}-\d{2})$/.exec(heading) ?? [];
  if (date === undefined || released !== version) {
    throw new Error(`the section after "## [Unreleased]" is "## ${heading}", not "## [${version}] - DATE"`);
  }
}

/**
 * Checks that the version was not released from another commit.
 *
 * @param tagged the commit that the tag of the version names; undefined without the tag
 * @param head the commit to release
 */
export function checkTag(version: string, tagged: string | undefined, head: string): void {
  if (tagged !== undefined && tagged !== head) throw new Error(`the tag v${version} names another commit, ${tagged}`);
}
