import { locateDebianProgram } from './debian-program.ts';

/** Finds nginx, for tests; see `debian-program.ts`. */
export function locateNginx(environment?: NodeJS.ProcessEnv): Promise<string | undefined> {
  const installed = ['nginx', '/usr/sbin/nginx'];
  return locateDebianProgram({ package: 'nginx', path: 'usr/sbin/nginx', installed, probe: '-v' }, environment);
}
