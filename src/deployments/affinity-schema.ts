import { z } from '@hono/zod-openapi';
import { int32, orNull, stringList, stringMap } from './field-schema.ts';

const Requirement = z.strictObject({ key: z.string(), operator: z.string(), values: stringList });

const LabelSelectorRequirement = Requirement.clone().openapi('LabelSelectorRequirement', {
  description: 'A condition on one label: In, NotIn, Exists or DoesNotExist.',
});

export const LabelSelector = z
  .strictObject({ matchLabels: stringMap, matchExpressions: z.array(LabelSelectorRequirement) })
  .openapi('LabelSelector', {
    description: 'Selects by labels; all conditions must hold. Empty selects everything, null nothing.',
  });
export type LabelSelector = z.infer<typeof LabelSelector>;

const NodeSelectorRequirement = Requirement.clone().openapi('NodeSelectorRequirement', {
  description: 'A condition on one label or field of a node: In, NotIn, Exists, DoesNotExist, Gt or Lt.',
});

export const NodeSelectorTerm = z
  .strictObject({
    matchExpressions: z.array(NodeSelectorRequirement),
    matchFields: z.array(NodeSelectorRequirement),
  })
  .openapi('NodeSelectorTerm', { description: 'Conditions on a node that must all hold.' });
export type NodeSelectorTerm = z.infer<typeof NodeSelectorTerm>;

const NodeSelector = z
  .strictObject({ nodeSelectorTerms: z.array(NodeSelectorTerm) })
  .openapi('NodeSelector', { description: 'Terms of which one must hold.' });

const PreferredSchedulingTerm = z
  .strictObject({ weight: int32, preference: orNull(NodeSelectorTerm) })
  .openapi('PreferredSchedulingTerm', { description: 'A wish for a node, with its weight.' });

export const NodeAffinity = z
  .strictObject({
    requiredDuringSchedulingIgnoredDuringExecution: orNull(NodeSelector),
    preferredDuringSchedulingIgnoredDuringExecution: z.array(PreferredSchedulingTerm),
  })
  .openapi('NodeAffinity', { description: 'Which nodes the pod must or should run on.' });
export type NodeAffinity = z.infer<typeof NodeAffinity>;

export const PodAffinityTerm = z
  .strictObject({
    labelSelector: orNull(LabelSelector),
    namespaces: stringList,
    topologyKey: z.string(),
    namespaceSelector: orNull(LabelSelector),
  })
  .openapi('PodAffinityTerm', { description: 'Pods to be near to or far from, and what near means.' });
export type PodAffinityTerm = z.infer<typeof PodAffinityTerm>;

const WeightedPodAffinityTerm = z
  .strictObject({ weight: int32, podAffinityTerm: orNull(PodAffinityTerm) })
  .openapi('WeightedPodAffinityTerm', { description: 'A wish about neighbouring pods, with its weight.' });

export const PodAffinity = z
  .strictObject({
    requiredDuringSchedulingIgnoredDuringExecution: z.array(PodAffinityTerm),
    preferredDuringSchedulingIgnoredDuringExecution: z.array(WeightedPodAffinityTerm),
  })
  .openapi('PodAffinity', { description: 'Which pods to run near to or, as anti-affinity, far from.' });
export type PodAffinity = z.infer<typeof PodAffinity>;

export const Affinity = z
  .strictObject({
    nodeAffinity: orNull(NodeAffinity),
    podAffinity: orNull(PodAffinity),
    podAntiAffinity: orNull(PodAffinity),
  })
  .openapi('Affinity', { description: 'Rules for where the pod is scheduled.' });
export type Affinity = z.infer<typeof Affinity>;
