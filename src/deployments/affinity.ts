import type {
  V1Affinity,
  V1LabelSelector,
  V1NodeAffinity,
  V1NodeSelectorTerm,
  V1PodAffinity,
  V1PodAffinityTerm,
} from '@kubernetes/client-node';
import type { Json } from '../kube/json.ts';
import type {
  Affinity,
  LabelSelector,
  NodeAffinity,
  NodeSelectorTerm,
  PodAffinity,
  PodAffinityTerm,
} from './affinity-schema.ts';
import { int32, list, map, message, strings, text } from './zero-value.ts';

/** Scheduling rules (core/v1 Affinity). PodAntiAffinity has the fields of PodAffinity. */
export const projectAffinity = (affinity: Json<V1Affinity>): Affinity => ({
  nodeAffinity: message(affinity.nodeAffinity, nodeAffinity),
  podAffinity: message(affinity.podAffinity, podAffinity),
  podAntiAffinity: message(affinity.podAntiAffinity, podAffinity),
});

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
