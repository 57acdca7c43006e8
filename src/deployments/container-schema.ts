import { z } from '@hono/zod-openapi';
import { int32, int64, orNull, stringList, stringMap } from './field-schema.ts';
import { Lifecycle, Probe } from './probe-schema.ts';
import { ObjectFieldSelector, ResourceFieldSelector } from './volume-schema.ts';

export const Ports = z
  .strictObject({ containerPort: int32, hostPort: int32, name: z.string(), protocol: z.string() })
  .openapi('Ports', { description: 'A port that the container listens on.' });
export type Ports = z.infer<typeof Ports>;

const EnvSource = z.strictObject({ name: z.string(), optional: z.boolean() });

const ConfigMapEnvSource = EnvSource.clone().openapi('ConfigMapEnvSource', {
  description: 'A whole ConfigMap as environment variables.',
});

const SecretEnvSource = EnvSource.clone().openapi('SecretEnvSource', {
  description: 'A whole Secret as environment variables; only its name is shown.',
});

export const EnvFromSource = z
  .strictObject({
    prefix: z.string(),
    configMapRef: orNull(ConfigMapEnvSource),
    secretRef: orNull(SecretEnvSource),
  })
  .openapi('EnvFromSource', { description: 'Environment variables taken from all keys of one object.' });
export type EnvFromSource = z.infer<typeof EnvFromSource>;

const KeySelector = z.strictObject({ name: z.string(), key: z.string(), optional: z.boolean() });

const ConfigMapKeySelector = KeySelector.clone().openapi('ConfigMapKeySelector', {
  description: 'One key of a ConfigMap.',
});

const SecretKeySelector = KeySelector.clone().openapi('SecretKeySelector', {
  description: 'One key of a Secret; only the names are shown.',
});

export const EnvVarSource = z
  .strictObject({
    fieldRef: orNull(ObjectFieldSelector),
    resourceFieldRef: orNull(ResourceFieldSelector),
    ConfigMapKeyRef: orNull(ConfigMapKeySelector).openapi({
      description: 'Spelled with a capital in the original API.',
    }),
    secretKeyRef: orNull(SecretKeySelector),
  })
  .openapi('EnvVarSource', { description: 'Where the value of an environment variable comes from.' });
export type EnvVarSource = z.infer<typeof EnvVarSource>;

export const EnvVar = z
  .strictObject({ name: z.string(), value: z.string(), valueFrom: orNull(EnvVarSource) })
  .openapi('EnvVar', { description: 'An environment variable: a literal value, or a source.' });
export type EnvVar = z.infer<typeof EnvVar>;

const amount = z.string().regex(/^(|-?\d+)$/);

export const ResourceList = z
  .strictObject({
    cpu: amount.openapi({ description: 'Thousandths of a CPU, a decimal integer; "" when unset.' }),
    memory: amount.openapi({ description: 'Bytes, a decimal integer; "" when unset.' }),
    storage: amount.openapi({ description: 'Bytes of ephemeral storage, a decimal integer; "" when unset.' }),
    resources: stringMap.openapi({ description: 'Every resource by name, as a Kubernetes quantity.' }),
  })
  .openapi('ResourceList', { description: 'Amounts of compute resources.' });
export type ResourceList = z.infer<typeof ResourceList>;

export const ResourceRequirements = z
  .strictObject({ limits: orNull(ResourceList), requests: orNull(ResourceList) })
  .openapi('ResourceRequirements', { description: 'What the container is promised and what it may use at most.' });
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
  .openapi('VolumeMount', { description: 'Where a volume appears in the container.' });
export type VolumeMount = z.infer<typeof VolumeMount>;

const SecurityContext = z
  .strictObject({
    privileged: z.boolean(),
    runAsUser: int64.openapi({ description: 'Numeric user; "0" also when it is not set.' }),
  })
  .openapi('SecurityContext', { description: 'The privileges the container runs with.' });

export const Container = z
  .strictObject({
    name: z.string(),
    image: z.string(),
    command: stringList,
    args: stringList,
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
  .openapi('EphemeralContainer', { description: 'A container added to a running pod, for debugging.' });
export type EphemeralContainer = z.infer<typeof EphemeralContainer>;
