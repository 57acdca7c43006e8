import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

interface RunningProcess {
  readonly id: number;
  readonly command: string;
}

/** Returns the processes whose command line contains a text. Zombies have no command line. */
export function processesNaming(text: string): RunningProcess[] {
  const all = process.platform === 'linux' ? fromProc() : fromPs();
  return all.filter(({ command }) => command.includes(text));
}

function fromProc(): RunningProcess[] {
  const ids = readdirSync('/proc').map(Number).filter(Number.isInteger);
  return ids.map((id) => {
    try {
      return { id, command: readFileSync(`/proc/${id}/cmdline`, 'utf8').replaceAll('\0', ' ') };
    } catch {
      return { id, command: '' }; // It ended between the listing and now.
    }
  });
}

function fromPs(): RunningProcess[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,args='], { encoding: 'utf8' }).trim().split('\n');
  return lines.map((line) => ({ id: Number.parseInt(line, 10), command: line.replace(/^\s*\d+\s+/, '') }));
}
