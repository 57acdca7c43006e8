import { z } from '@hono/zod-openapi';
import type {
  V1ContainerPort,
  V1ExecAction,
  V1HTTPGetAction,
  V1Lifecycle,
  V1LifecycleHandler,
  V1Probe,
  V1TCPSocketAction,
} from '@kubernetes/client-node';
import type { Json } from '../../kube/resource.ts';
import { Int32, Int64, int32, int64, intOrString, message, orNull, StringList, strings, text } from './protojson.ts';

export const HTTPGetAction = z
  .strictObject({
    path: z.string(),
    port: z.string().openapi({ description: 'Port number or name.' }),
    host: z.string(),
    scheme: z.string(),
  })
  .openapi('HTTPGetAction', { description: 'Sends an HTTP request.' });
export type HTTPGetAction = z.infer<typeof HTTPGetAction>;

export const ExecAction = z
  .strictObject({ command: StringList })
  .openapi('ExecAction', { description: 'Runs a command in the container.' });
export type ExecAction = z.infer<typeof ExecAction>;

export const TCPSocketAction = z
  .strictObject({
    port: Int32.openapi({
      description: 'Port number. A name is resolved among the ports of the container; 0 if it is not found.',
    }),
    host: z.string(),
  })
  .openapi('TCPSocketAction', { description: 'Opens a TCP connection.' });
export type TCPSocketAction = z.infer<typeof TCPSocketAction>;

export const Probe = z
  .strictObject({
    failureThreshold: Int32,
    periodSeconds: Int32,
    successThreshold: Int32,
    timeoutSeconds: Int32,
    initialDelaySeconds: Int32,
    terminationGracePeriodSeconds: Int64.openapi({ description: '"0" if the value of the pod applies.' }),
    httpGet: orNull(HTTPGetAction),
    exec: orNull(ExecAction),
    tcpSocket: orNull(TCPSocketAction),
  })
  .openapi('Probe', { description: 'A health check. All actions are null for a kind that this API does not return.' });
export type Probe = z.infer<typeof Probe>;

export const Handler = z
  .strictObject({
    exec: orNull(ExecAction),
    httpGet: orNull(HTTPGetAction),
    TCPSocket: orNull(TCPSocketAction).openapi({ description: 'Spelled with capital letters as in the kpanda API.' }),
  })
  .openapi('Handler', { description: 'Action of a lifecycle hook.' });
export type Handler = z.infer<typeof Handler>;

export const Lifecycle = z
  .strictObject({
    PostStart: orNull(Handler).openapi({ description: 'Spelled with a capital letter as in the kpanda API.' }),
    preStop: orNull(Handler),
  })
  .openapi('Lifecycle', { description: 'Hooks that run after a container starts and before it stops.' });
export type Lifecycle = z.infer<typeof Lifecycle>;

/** The ports of the container of a probe or hook, to resolve port names. */
export type ContainerPorts = readonly Json<V1ContainerPort>[];

/** Projects core/v1 Probe. The kpanda API has no field for a grpc action. */
export function projectProbe(probe: Json<V1Probe>, ports: ContainerPorts): Probe {
  return {
    failureThreshold: int32(probe.failureThreshold),
    periodSeconds: int32(probe.periodSeconds),
    successThreshold: int32(probe.successThreshold),
    timeoutSeconds: int32(probe.timeoutSeconds),
    initialDelaySeconds: int32(probe.initialDelaySeconds),
    terminationGracePeriodSeconds: int64(probe.terminationGracePeriodSeconds),
    httpGet: message(probe.httpGet, httpGet),
    exec: message(probe.exec, exec),
    tcpSocket: message(probe.tcpSocket, (action) => tcpSocket(action, ports)),
  };
}

/** Projects core/v1 Lifecycle. The kpanda API has no field for a sleep action. */
export function projectLifecycle(lifecycle: Json<V1Lifecycle>, ports: ContainerPorts): Lifecycle {
  return {
    PostStart: message(lifecycle.postStart, (hook) => handler(hook, ports)),
    preStop: message(lifecycle.preStop, (hook) => handler(hook, ports)),
  };
}

const handler = (hook: Json<V1LifecycleHandler>, ports: ContainerPorts): Handler => ({
  exec: message(hook.exec, exec),
  httpGet: message(hook.httpGet, httpGet),
  TCPSocket: message(hook.tcpSocket, (action) => tcpSocket(action, ports)),
});

const exec = (action: Json<V1ExecAction>): ExecAction => ({ command: strings(action.command) });

const httpGet = (action: Json<V1HTTPGetAction>): HTTPGetAction => ({
  path: text(action.path),
  port: intOrString(action.port),
  host: text(action.host),
  scheme: text(action.scheme),
});

const tcpSocket = (action: Json<V1TCPSocketAction>, ports: ContainerPorts): TCPSocketAction => ({
  port: portNumber(action.port, ports),
  host: text(action.host),
});

/** The field is an int32 in the kpanda API, so a port name is resolved, as the kubelet does. */
function portNumber(port: number | string | undefined, ports: ContainerPorts): number {
  if (typeof port === 'number') return int32(port);
  if (/^\d{1,5}$/.test(text(port))) return Number(port);
  return int32(ports.find(({ name }) => name !== undefined && name === port)?.containerPort);
}
