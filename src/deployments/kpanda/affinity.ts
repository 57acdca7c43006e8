import { z } from '@hono/zod-openapi';
import type {
  V1Affinity,
  V1LabelSelector,
  V1NodeAffinity,
  V1NodeSelectorTerm,
  V1PodAffinity,
  V1PodAffinityTerm,
} from '@kubernetes/client-node';
import type { Json } from '../../kube/resource.ts';
import { Int32, int32, list, map, message, orNull, StringList, StringMap, strings, text } from './protojson.ts';

const Requirement = z.strictObject({ key: z.string(), operator: z.string(), values: StringList });

const LabelSelectorRequirement = Requirement.clone().openapi('LabelSelectorRequirement', {
  description: 'A requirement on one label: In, NotIn, Exists or DoesNotExist.',
});

export const LabelSelector = z
  .strictObject({ matchLabels: StringMap, matchExpressions: z.array(LabelSelectorRequirement) })
  .openapi('LabelSelector', {
    description:
      'Selects objects by label. All requirements must match. An empty selector selects everything, null nothing.',
  });
export type LabelSelector = z.infer<typeof LabelSelector>;

const NodeSelectorRequirement = Requirement.clone().openapi('NodeSelectorRequirement', {
  description: 'A requirement on one label or field of a node: In, NotIn, Exists, DoesNotExist, Gt or Lt.',
});

export const NodeSelectorTerm = z
  .strictObject({
    matchExpressions: z.array(NodeSelectorRequirement),
    matchFields: z.array(NodeSelectorRequirement),
  })
  .openapi('NodeSelectorTerm', { description: 'Requirements on a node, all of which must match.' });
export type NodeSelectorTerm = z.infer<typeof NodeSelectorTerm>;

const NodeSelector = z
  .strictObject({ nodeSelectorTerms: z.array(NodeSelectorTerm) })
  .openapi('NodeSelector', { description: 'Terms, one of which must match.' });

const PreferredSchedulingTerm = z
  .strictObject({ weight: Int32, preference: orNull(NodeSelectorTerm) })
  .openapi('PreferredSchedulingTerm', { description: 'A preferred node, with its weight.' });

export const NodeAffinity = z
  .strictObject({
    requiredDuringSchedulingIgnoredDuringExecution: orNull(NodeSelector),
    preferredDuringSchedulingIgnoredDuringExecution: z.array(PreferredSchedulingTerm),
  })
  .openapi('NodeAffinity', { description: 'Nodes on which the pod must or should run.' });
export type NodeAffinity = z.infer<typeof NodeAffinity>;

export const PodAffinityTerm = z
  .strictObject({
    labelSelector: orNull(LabelSelector),
    namespaces: StringList,
    topologyKey: z.string(),
    namespaceSelector: orNull(LabelSelector),
  })
  .openapi('PodAffinityTerm', {
    description: 'Pods to run close to or away from, and the topology domain that counts as close.',
  });
export type PodAffinityTerm = z.infer<typeof PodAffinityTerm>;

const WeightedPodAffinityTerm = z
  .strictObject({ weight: Int32, podAffinityTerm: orNull(PodAffinityTerm) })
  .openapi('WeightedPodAffinityTerm', { description: 'A preference about other pods, with its weight.' });

export const PodAffinity = z
  .strictObject({
    requiredDuringSchedulingIgnoredDuringExecution: z.array(PodAffinityTerm),
    preferredDuringSchedulingIgnoredDuringExecution: z.array(WeightedPodAffinityTerm),
  })
  .openapi('PodAffinity', { description: 'Pods to run close to or, as anti-affinity, away from.' });
export type PodAffinity = z.infer<typeof PodAffinity>;

export const Affinity = z
  .strictObject({
    nodeAffinity: orNull(NodeAffinity),
    podAffinity: orNull(PodAffinity),
    podAntiAffinity: orNull(PodAffinity),
  })
  .openapi('Affinity', { description: 'Scheduling constraints of the pod.' });
export type Affinity = z.infer<typeof Affinity>;

/** Projects core/v1 Affinity. PodAntiAffinity has the fields of PodAffinity. */
export function projectAffinity(affinity: Json<V1Affinity>): Affinity {
  return {
    nodeAffinity: message(affinity.nodeAffinity, nodeAffinity),
    podAffinity: message(affinity.podAffinity, podAffinity),
    podAntiAffinity: message(affinity.podAntiAffinity, podAffinity),
  };
}

const nodeAffinity = (affinity: Json<V1NodeAffinity>): NodeAffinity => ({
  requiredDuringSchedulingIgnoredDuringExecution: message(
    affinity.requiredDuringSchedulingIgnoredDuringExecution,
    (selector) => ({ nodeSelectorTerms: list(selector.nodeSelectorTerms, nodeTerm) }),
  ),
  preferredDuringSchedulingIgnoredDuringExecution: list(
    affinity.preferredDuringSchedulingIgnoredDuringExecution,
    (term) => ({ weight: int32(term.weight), preference: message(term.preference, nodeTerm) }),
  ),
});

const nodeTerm = (term: Json<V1NodeSelectorTerm>): NodeSelectorTerm => ({
  matchExpressions: list(term.matchExpressions, requirement),
  matchFields: list(term.matchFields, requirement),
});

const podAffinity = (affinity: Json<V1PodAffinity>): PodAffinity => ({
  requiredDuringSchedulingIgnoredDuringExecution: list(
    affinity.requiredDuringSchedulingIgnoredDuringExecution,
    podTerm,
  ),
  preferredDuringSchedulingIgnoredDuringExecution: list(
    affinity.preferredDuringSchedulingIgnoredDuringExecution,
    (term) => ({ weight: int32(term.weight), podAffinityTerm: message(term.podAffinityTerm, podTerm) }),
  ),
});

const podTerm = (term: Json<V1PodAffinityTerm>): PodAffinityTerm => ({
  labelSelector: message(term.labelSelector, labelSelector),
  namespaces: strings(term.namespaces),
  topologyKey: text(term.topologyKey),
  namespaceSelector: message(term.namespaceSelector, labelSelector),
});

const labelSelector = (selector: Json<V1LabelSelector>): LabelSelector => ({
  matchLabels: map(selector.matchLabels),
  matchExpressions: list(selector.matchExpressions, requirement),
});

/** metav1 LabelSelectorRequirement and core/v1 NodeSelectorRequirement have the same fields. */
const requirement = (from: { key: string; operator: string; values?: string[] }) => ({
  key: text(from.key),
  operator: text(from.operator),
  values: strings(from.values),
});
