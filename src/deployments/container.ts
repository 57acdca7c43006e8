import type {
  V1Container,
  V1ContainerPort,
  V1EnvFromSource,
  V1EnvVar,
  V1EnvVarSource,
  V1EphemeralContainer,
  V1ResourceRequirements,
  V1VolumeMount,
} from '@kubernetes/client-node';
import type { Json } from '../kube/json.ts';
import type {
  Container,
  EnvFromSource,
  EnvVar,
  EnvVarSource,
  EphemeralContainer,
  Ports,
  ResourceList,
  ResourceRequirements,
  VolumeMount,
} from './container-schema.ts';
import { projectLifecycle, projectProbe } from './probe.ts';
import { toMilliUnits, toUnits } from './quantity.ts';
import { fieldSelector, resourceSelector } from './volume.ts';
import { flag, int32, int64, list, map, message, strings, text } from './zero-value.ts';

/** A container or init container (core/v1 Container). */
export function projectContainer(container: Json<V1Container>): Container {
  const ports = container.ports ?? [];
  return {
    name: text(container.name),
    image: text(container.image),
    command: strings(container.command),
    args: strings(container.args),
    workingDir: text(container.workingDir),
    ports: list(ports, port),
    envFrom: list(container.envFrom, envFrom),
    env: list(container.env, envVar),
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

/** An ephemeral container (core/v1 EphemeralContainer), whose common part is a message of its own in the kpanda API. */
export const projectEphemeralContainer = (container: Json<V1EphemeralContainer>): EphemeralContainer => ({
  ephemeralContainerCommon: projectContainer(container),
  targetContainerName: text(container.targetContainerName),
});

const port = (from: Json<V1ContainerPort>): Ports => ({
  containerPort: int32(from.containerPort),
  hostPort: int32(from.hostPort),
  name: text(from.name),
  protocol: text(from.protocol),
});

const envFrom = (source: Json<V1EnvFromSource>): EnvFromSource => ({
  prefix: text(source.prefix),
  configMapRef: message(source.configMapRef, envSource),
  secretRef: message(source.secretRef, envSource),
});

const envSource = (source: { name?: string; optional?: boolean }) => ({
  name: text(source.name),
  optional: flag(source.optional),
});

const envVar = (variable: Json<V1EnvVar>): EnvVar => ({
  name: text(variable.name),
  value: text(variable.value),
  valueFrom: message(variable.valueFrom, valueFrom),
});

const valueFrom = (source: Json<V1EnvVarSource>): EnvVarSource => ({
  fieldRef: message(source.fieldRef, fieldSelector),
  resourceFieldRef: message(source.resourceFieldRef, resourceSelector),
  ConfigMapKeyRef: message(source.configMapKeyRef, keySelector),
  secretKeyRef: message(source.secretKeyRef, keySelector),
});

const keySelector = (selector: { name?: string; key: string; optional?: boolean }) => ({
  ...envSource(selector),
  key: text(selector.key),
});

const requirements = (resources: Json<V1ResourceRequirements>): ResourceRequirements => ({
  limits: message(resources.limits, resourceList),
  requests: message(resources.requests, resourceList),
});

/** Of storage, a container can ask for ephemeral-storage only: `storage` is for volume claims. */
const resourceList = (resources: Record<string, string>): ResourceList => ({
  cpu: amount(resources.cpu, toMilliUnits),
  memory: amount(resources.memory, toUnits),
  storage: amount(resources['ephemeral-storage'], toUnits),
  resources: map(resources),
});

const amount = (quantity: string | undefined, convert: (quantity: string) => bigint | undefined): string =>
  quantity === undefined ? '' : text(convert(quantity)?.toString());

const volumeMount = (mount: Json<V1VolumeMount>): VolumeMount => ({
  name: text(mount.name),
  readOnly: flag(mount.readOnly),
  mountPath: text(mount.mountPath),
  subPath: text(mount.subPath),
  mountPropagation: text(mount.mountPropagation),
  subPathExpr: text(mount.subPathExpr),
});
