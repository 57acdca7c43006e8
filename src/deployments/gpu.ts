import type { V1Container, V1PodSpec } from '@kubernetes/client-node';
import type { Json } from '../kube/resource.ts';
import { messages, text } from './kpanda/protojson.ts';
import { toUnits } from './kpanda/quantity.ts';

/**
 * Extended resources of device plugins for GPUs and similar accelerators, as their documentation names them: whole
 * devices, slices, and shares of memory and cores.
 */
const kinds: readonly RegExp[] = [
  /^nvidia\.com\/(gpu(\.shared|mem|mem-percentage|cores)?|vgpu|mig-.+)$/,
  /^amd\.com\/gpu$/,
  /^gpu\.intel\.com\/(i915|xe)$/,
  /^habana\.ai\/gaudi$/,
  /^huawei\.com\/Ascend.+$/,
  /^cambricon\.com\/(mlu.*|vmlu)$/,
  /^hygon\.com\/dcu(num|mem|cores)?$/,
  /^iluvatar\.(com|ai)\/.*gpu$/,
  /^metax-tech\.com\/(gpu|sgpu)$/,
  /^mthreads\.com\/(gpu|vgpu)$/,
  /^(kunlunxin|baidu)\.com\/xpu$/,
  /^enflame\.com\/(gcu|vgcu)$/,
  /^(aliyun|tencent)\.com\/(gpu-mem|gpu-count|vcuda-core|vcuda-memory)$/,
];

/** Whether an extended resource is a GPU of any vendor. */
export function isGPU(resource: string): boolean {
  return kinds.some((kind) => kind.test(resource));
}

const none: readonly string[] = [];

/**
 * Returns the extended resources (names with a domain) of which any container has a request or limit above 0.
 *
 * @param max how many are returned at most
 */
export function extendedResourcesOf(pod: Json<V1PodSpec> | undefined, max: number): readonly string[] {
  const containers = [...messages(pod?.containers), ...messages(pod?.initContainers)];
  const names = new Set(containers.flatMap(extendedResources));
  return names.size > 0 ? [...names].slice(0, max) : none;
}

function extendedResources({ resources }: Json<V1Container>): string[] {
  const amounts = [...Object.entries(resources?.requests ?? {}), ...Object.entries(resources?.limits ?? {})];
  return amounts
    .filter(([name, amount]) => name.includes('/') && (toUnits(text(amount)) ?? 0n) > 0n)
    .map(([name]) => name);
}
