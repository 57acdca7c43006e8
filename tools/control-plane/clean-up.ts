/** Clean-up that runs at most once, and also when this process ends. */

const guard = Symbol('process guard');
const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/**
 * Registers a synchronous clean-up for the end of this process: on exit, on an uncaught error, and on a signal without
 * other listeners (other listeners are expected to end the process gracefully).
 *
 * @returns a function that removes the registration
 */
export function onProcessEnd(cleanUp: () => void): () => void {
  const onSignal = Object.assign(
    (signal: NodeJS.Signals) => {
      if (!process.listeners(signal).every(isGuard)) return;
      cleanUp();
      remove();
      // Once all guards are removed, the signal has its default effect.
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
    },
    { [guard]: true },
  );
  const remove = () => {
    process.off('exit', cleanUp);
    for (const signal of signals) process.off(signal, onSignal);
  };
  process.once('exit', cleanUp);
  // Runs before listeners that were added with once(), which are removed when they are called.
  for (const signal of signals) process.prependListener(signal, onSignal);
  return remove;
}

function isGuard(listener: object): boolean {
  return guard in listener;
}

/** Returns a function that does the work at the first call; all calls return the same promise. */
export function onlyOnce(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= work();
    return done;
  };
}
