const guard = Symbol('process guard');
const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/**
 * Runs a synchronous clean-up if this process ends without having done it: on exit, on an uncaught error, and on a
 * signal that nobody else listens to (whoever listens to it is expected to end the process in an orderly way).
 *
 * @returns a function that takes the guard away
 */
export function onProcessEnd(cleanUp: () => void): () => void {
  const onSignal = Object.assign(
    (signal: NodeJS.Signals) => {
      if (!process.listeners(signal).every(isGuard)) return;
      cleanUp();
      remove();
      // The last guard lets the signal have the effect that it has without listeners.
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
    },
    { [guard]: true },
  );
  const remove = () => {
    process.off('exit', cleanUp);
    for (const signal of signals) process.off(signal, onSignal);
  };
  process.once('exit', cleanUp);
  // First in the row, so that listeners added with once() are still there to be seen.
  for (const signal of signals) process.prependListener(signal, onSignal);
  return remove;
}

function isGuard(listener: object): boolean {
  return guard in listener;
}
