import type {
  V1ContainerPort,
  V1ExecAction,
  V1HTTPGetAction,
  V1Lifecycle,
  V1LifecycleHandler,
  V1Probe,
  V1TCPSocketAction,
} from '@kubernetes/client-node';
import type { Json } from '../kube/json.ts';
import type { ExecAction, Handler, HTTPGetAction, Lifecycle, Probe, TCPSocketAction } from './probe-schema.ts';
import { int32, int64, intOrString, message, strings, text } from './zero-value.ts';

/** The ports of the container that a probe or hook belongs to: they give named ports their numbers. */
export type ContainerPorts = readonly Json<V1ContainerPort>[];

/** A probe (core/v1 Probe). A grpc action has no place in the kpanda API. */
export const projectProbe = (probe: Json<V1Probe>, ports: ContainerPorts): Probe => ({
  failureThreshold: int32(probe.failureThreshold),
  periodSeconds: int32(probe.periodSeconds),
  successThreshold: int32(probe.successThreshold),
  timeoutSeconds: int32(probe.timeoutSeconds),
  initialDelaySeconds: int32(probe.initialDelaySeconds),
  terminationGracePeriodSeconds: int64(probe.terminationGracePeriodSeconds),
  httpGet: message(probe.httpGet, httpGet),
  exec: message(probe.exec, exec),
  tcpSocket: message(probe.tcpSocket, (action) => tcpSocket(action, ports)),
});

/** The hooks of a container (core/v1 Lifecycle). A sleep action has no place in the kpanda API. */
export const projectLifecycle = (lifecycle: Json<V1Lifecycle>, ports: ContainerPorts): Lifecycle => ({
  PostStart: message(lifecycle.postStart, (hook) => handler(hook, ports)),
  preStop: message(lifecycle.preStop, (hook) => handler(hook, ports)),
});

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

/** The field is an int32 in the kpanda API, so a named port is resolved as the kubelet does. */
function portNumber(port: number | string | undefined, ports: ContainerPorts): number {
  if (typeof port === 'number') return port;
  if (port !== undefined && /^\d{1,5}$/.test(port)) return Number(port);
  return int32(ports.find(({ name }) => name !== undefined && name === port)?.containerPort);
}
