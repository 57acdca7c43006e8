import { installMissing, pathOf } from './debian-packages.ts';

const program = '/usr/bin/chromium';

/** The browser, and fonts for what the pages are written in: one of Latin letters, one of Chinese. */
const packages = {
  [program]: 'chromium',
  '/usr/share/fonts/truetype/dejavu': 'fonts-dejavu-core',
  '/usr/share/fonts/opentype/noto': 'fonts-noto-cjk',
};

/**
 * Finds Debian's Chromium, for tests; installs it where it is not there.
 *
 * @returns the program
 * @throws Error saying what to install, when it cannot be
 */
export async function locateChromium(): Promise<string> {
  await installMissing(packages);
  if ((await pathOf(program)) === undefined) throw new Error(`browser tests need Chromium, which is not at ${program}`);
  return program;
}
