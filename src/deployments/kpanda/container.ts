import { z } from '@hono/zod-openapi';
import type {
  V1Container,
  V1ContainerPort,
  V1EphemeralContainer,
  V1ResourceRequirements,
  V1VolumeMount,
} from '@kubernetes/client-node';
import type { Json } from '../../kube/resource.ts';
import { EnvFromSource, EnvVar, projectEnvFrom, projectEnvVar } from './environment.ts';
import { Lifecycle, Probe, projectLifecycle, projectProbe } from './probe.ts';
import {
  flag,
  Int32,
  Int64,
  int32,
  int64,
  list,
  map,
  message,
  messages,
  orNull,
  StringList,
  StringMap,
  strings,
  text,
} from './protojson.ts';
import { toMilliUnits, toUnits } from './quantity.ts';

export const Ports = z
  .strictObject({ containerPort: Int32, hostPort: Int32, name: z.string(), protocol: z.string() })
  .openapi('Ports', { description: 'A port of the container.' });
export type Ports = z.infer<typeof Ports>;

const Amount = z.string().regex(/^(|-?\d+)$/);

export const ResourceList = z
  .strictObject({
    cpu: Amount.openapi({ description: 'Thousandths of a CPU, a decimal integer; "" if unset.' }),
    memory: Amount.openapi({ description: 'Bytes, a decimal integer; "" if unset.' }),
    storage: Amount.openapi({ description: 'Bytes of ephemeral storage, a decimal integer; "" if unset.' }),
    resources: StringMap.openapi({ description: 'All resources by name, as Kubernetes quantities.' }),
  })
  .openapi('ResourceList', { description: 'Amounts of compute resources.' });
export type ResourceList = z.infer<typeof ResourceList>;

export const ResourceRequirements = z
  .strictObject({ limits: orNull(ResourceList), requests: orNull(ResourceList) })
  .openapi('ResourceRequirements', { description: 'Resource requests and limits of the container.' });
export type ResourceRequirements = z.infer<typeof ResourceRequirements>;

export const VolumeMount = z
  .strictObject({
    name: z.string(),
    readOnly: z.boolean(),
    mountPath: z.string(),
    subPath: z.string(),
    mountPropagation: z.string(),
    subPathExpr: z.string(),
  })
  .openapi('VolumeMount', { description: 'A volume mounted in the container.' });
export type VolumeMount = z.infer<typeof VolumeMount>;

const SecurityContext = z
  .strictObject({
    privileged: z.boolean(),
    runAsUser: Int64.openapi({ description: 'Numeric user ID; also "0" if unset.' }),
  })
  .openapi('SecurityContext', { description: 'Privileges of the container.' });

export const Container = z
  .strictObject({
    name: z.string(),
    image: z.string(),
    command: StringList,
    args: StringList,
    workingDir: z.string(),
    ports: z.array(Ports),
    envFrom: z.array(EnvFromSource),
    env: z.array(EnvVar),
    resources: orNull(ResourceRequirements),
    volumeMounts: z.array(VolumeMount),
    livenessProbe: orNull(Probe),
    readinessProbe: orNull(Probe),
    startupProbe: orNull(Probe),
    lifecycle: orNull(Lifecycle),
    imagePullPolicy: z.string(),
    securityContext: orNull(SecurityContext),
  })
  .openapi('Container', { description: 'A container of the pod.' });
export type Container = z.infer<typeof Container>;

export const EphemeralContainer = z
  .strictObject({ ephemeralContainerCommon: orNull(Container), targetContainerName: z.string() })
  .openapi('EphemeralContainer', { description: 'A container added to a running pod for debugging.' });
export type EphemeralContainer = z.infer<typeof EphemeralContainer>;

/** Projects core/v1 Container, also of init containers. */
export function projectContainer(container: Json<V1Container>): Container {
  const ports = messages(container.ports);
  return {
    name: text(container.name),
    image: text(container.image),
    command: strings(container.command),
    args: strings(container.args),
    workingDir: text(container.workingDir),
    ports: list(ports, port),
    envFrom: list(container.envFrom, projectEnvFrom),
    env: list(container.env, projectEnvVar),
    resources: message(container.resources, requirements),
    volumeMounts: list(container.volumeMounts, volumeMount),
    livenessProbe: message(container.livenessProbe, (probe) => projectProbe(probe, ports)),
    readinessProbe: message(container.readinessProbe, (probe) => projectProbe(probe, ports)),
    startupProbe: message(container.startupProbe, (probe) => projectProbe(probe, ports)),
    lifecycle: message(container.lifecycle, (lifecycle) => projectLifecycle(lifecycle, ports)),
    imagePullPolicy: text(container.imagePullPolicy),
    securityContext: message(container.securityContext, (context) => ({
      privileged: flag(context.privileged),
      runAsUser: int64(context.runAsUser),
    })),
  };
}

/** Projects core/v1 EphemeralContainer, whose common part is a separate message in the kpanda API. */
export function projectEphemeralContainer(container: Json<V1EphemeralContainer>): EphemeralContainer {
  return {
    ephemeralContainerCommon: projectContainer(container),
    targetContainerName: text(container.targetContainerName),
  };
}

const port = (from: Json<V1ContainerPort>): Ports => ({
  containerPort: int32(from.containerPort),
  hostPort: int32(from.hostPort),
  name: text(from.name),
  protocol: text(from.protocol),
});

const requirements = (resources: Json<V1ResourceRequirements>): ResourceRequirements => ({
  limits: message(resources.limits, resourceList),
  requests: message(resources.requests, resourceList),
});

/** A container can request ephemeral-storage only; `storage` is a resource of volume claims. */
const resourceList = (resources: Record<string, string>): ResourceList => ({
  cpu: amount(resources.cpu, toMilliUnits),
  memory: amount(resources.memory, toUnits),
  storage: amount(resources['ephemeral-storage'], toUnits),
  resources: map(resources),
});

const amount = (quantity: string | undefined, convert: (quantity: string) => bigint | undefined): string =>
  quantity === undefined ? '' : text(convert(text(quantity))?.toString());

const volumeMount = (mount: Json<V1VolumeMount>): VolumeMount => ({
  name: text(mount.name),
  readOnly: flag(mount.readOnly),
  mountPath: text(mount.mountPath),
  subPath: text(mount.subPath),
  mountPropagation: text(mount.mountPropagation),
  subPathExpr: text(mount.subPathExpr),
});
