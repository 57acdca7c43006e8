import { z } from '@hono/zod-openapi';
import type { V1EnvFromSource, V1EnvVar, V1EnvVarSource } from '@kubernetes/client-node';
import type { Json } from '../../kube/resource.ts';
import { flag, message, orNull, text } from './protojson.ts';
import { fieldSelector, ObjectFieldSelector, ResourceFieldSelector, resourceSelector } from './volume.ts';

const EnvSource = z.strictObject({ name: z.string(), optional: z.boolean() });

const ConfigMapEnvSource = EnvSource.clone().openapi('ConfigMapEnvSource', {
  description: 'All keys of a ConfigMap as environment variables.',
});

const SecretEnvSource = EnvSource.clone().openapi('SecretEnvSource', {
  description: 'All keys of a Secret as environment variables. Only the name of the Secret is returned.',
});

export const EnvFromSource = z
  .strictObject({
    prefix: z.string(),
    configMapRef: orNull(ConfigMapEnvSource),
    secretRef: orNull(SecretEnvSource),
  })
  .openapi('EnvFromSource', { description: 'Environment variables from all keys of one object.' });
export type EnvFromSource = z.infer<typeof EnvFromSource>;

const KeySelector = z.strictObject({ name: z.string(), key: z.string(), optional: z.boolean() });

const ConfigMapKeySelector = KeySelector.clone().openapi('ConfigMapKeySelector', {
  description: 'One key of a ConfigMap.',
});

const SecretKeySelector = KeySelector.clone().openapi('SecretKeySelector', {
  description: 'One key of a Secret. Only the names are returned, never the value.',
});

export const EnvVarSource = z
  .strictObject({
    fieldRef: orNull(ObjectFieldSelector),
    resourceFieldRef: orNull(ResourceFieldSelector),
    ConfigMapKeyRef: orNull(ConfigMapKeySelector).openapi({
      description: 'Spelled with a capital letter as in the kpanda API.',
    }),
    secretKeyRef: orNull(SecretKeySelector),
  })
  .openapi('EnvVarSource', { description: 'Source of the value of an environment variable.' });
export type EnvVarSource = z.infer<typeof EnvVarSource>;

export const EnvVar = z
  .strictObject({ name: z.string(), value: z.string(), valueFrom: orNull(EnvVarSource) })
  .openapi('EnvVar', { description: 'An environment variable, with a literal value or a source.' });
export type EnvVar = z.infer<typeof EnvVar>;

/** Projects core/v1 EnvFromSource. */
export function projectEnvFrom(source: Json<V1EnvFromSource>): EnvFromSource {
  return {
    prefix: text(source.prefix),
    configMapRef: message(source.configMapRef, envSource),
    secretRef: message(source.secretRef, envSource),
  };
}

const envSource = (source: { name?: string; optional?: boolean }) => ({
  name: text(source.name),
  optional: flag(source.optional),
});

/** Projects core/v1 EnvVar. */
export function projectEnvVar(variable: Json<V1EnvVar>): EnvVar {
  return {
    name: text(variable.name),
    value: text(variable.value),
    valueFrom: message(variable.valueFrom, valueFrom),
  };
}

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
