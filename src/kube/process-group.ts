/**
 * Kills all processes of a group. Never throws, because timers and other events are the reason: the processes may have
 * ended in the meantime (ESRCH), or run as another user (EPERM).
 *
 * @param leader pid of the process that was started in a group of its own; undefined if it could not be started
 */
export function killGroup(leader: number | undefined, kill: (pid: number, signal: NodeJS.Signals) => void): void {
  if (leader === undefined) return;
  try {
    kill(-leader, 'SIGKILL');
  } catch (error) {
    if (!['ESRCH', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
