import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parse } from 'yaml';
import { locatePrograms } from '../../tools/go-programs/locate.ts';
import { gitopsPrograms } from '../../tools/go-programs/program-sets.ts';

const example = join(import.meta.dirname, '../../examples/gitops/argocd/argocd-cm.yaml');

/** The health of an object according to a tool. */
export interface Verdict {
  readonly status: string;
  readonly message: string;
}

/** Evaluates the health of an object with the code of kstatus and Argo CD. */
export interface GitopsStatus {
  of(object: unknown): Promise<{ readonly kstatus: Verdict; readonly argocd: Verdict }>;
  close(): Promise<void>;
}

/** Starts the program with the health check of the example. */
export async function openGitopsStatus(): Promise<GitopsStatus> {
  const programs = await locatePrograms(gitopsPrograms);
  const directory = await mkdtemp(join(tmpdir(), 'gitops-status-'));
  const script = join(directory, 'health.lua');
  const { data } = parse(readFileSync(example, 'utf8')) as { data: Record<string, string> };
  await writeFile(script, data['resource.customizations.health.ghippo.io_AccessKey'] ?? '');
  return {
    async of(object) {
      const child = spawn(programs['gitops-status'], [script], { stdio: ['pipe', 'pipe', 'pipe'] });
      child.stdin.end(JSON.stringify(object));
      const [answer, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
      if (answer === '') throw new Error(errors);
      return JSON.parse(answer);
    },
    close: () => rm(directory, { recursive: true }),
  };
}
