import type { ProgramSet } from '../control-plane/programs.ts';

/** Helm, for the tests of the chart in charts/. */
export const helmPrograms = {
  moduleDirectory: import.meta.dirname,
  versionOf: 'helm.sh/helm/v3',
  cacheName: 'helm',
  buildTime: 'about two minutes',
  packages: { helm: 'helm.sh/helm/v3/cmd/helm' },
} as const satisfies ProgramSet<string>;
