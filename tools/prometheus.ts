import { locateDebianProgram } from './debian-program.ts';

/** Programs of the Prometheus project. */
export interface PrometheusPrograms {
  readonly prometheus: string;
  /** Checks and tests rules. */
  readonly promtool: string;
}

/**
 * Finds Prometheus and promtool, for tests; see `debian-program.ts`.
 *
 * @throws Error where they are neither installed nor to be had
 */
export async function locatePrometheus(environment?: NodeJS.ProcessEnv): Promise<PrometheusPrograms> {
  const locate = async (name: string) => {
    const program = { package: 'prometheus', path: `usr/bin/${name}`, installed: [name], probe: '--version' };
    const found = await locateDebianProgram(program, environment);
    if (found === undefined) throw new Error(`monitoring tests need ${name}, or apt-get to have it from Debian`);
    return found;
  };
  return { prometheus: await locate('prometheus'), promtool: await locate('promtool') };
}
