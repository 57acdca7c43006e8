/**
 * A process with a reflector in it and nothing else: node reflector-process.ts <kubeconfig> <path>
 *
 * SIGTERM aborts it. It ends by itself then, if the reflector left no handle open.
 */
import pino from 'pino';
import { loadKubeconfig } from '../../../src/kube/kubeconfig.ts';
import { createReflector } from '../../../src/kube/reflector.ts';
import { createStore } from '../../../src/kube/store.ts';
import { createTransport } from '../../../src/kube/transport.ts';

const [kubeconfig, path = ''] = process.argv.slice(2);
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
const transport = createTransport(() => loadKubeconfig(kubeconfig), 'reflector-test');
const reflector = createReflector({
  transport,
  target: { path },
  store: createStore({}),
  transform: ({ metadata }) => ({ key: metadata.name, resourceVersion: metadata.resourceVersion }),
  log: pino({ level: 'silent' }),
});
await reflector.run(stop.signal);
await transport.close();
process.stdout.write('run ended\n');
