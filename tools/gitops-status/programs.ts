import type { ProgramSet } from '../control-plane/programs.ts';

/** Says what GitOps tools would say of an object. */
export const gitopsPrograms = {
  moduleDirectory: import.meta.dirname,
  versionOf: 'sigs.k8s.io/cli-utils',
  cacheName: 'gitops-status',
  buildTime: 'about half a minute',
  packages: { 'gitops-status': '.' },
} as const satisfies ProgramSet<string>;
