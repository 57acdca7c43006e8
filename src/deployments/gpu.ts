import type { V1Container, V1PodSpec } from '@kubernetes/client-node';
import type { Json } from '../kube/json.ts';
import { toUnits } from './quantity.ts';

/**
 * The extended resources that device plugins offer GPUs and the like by, as their documentation names them: whole
 * devices, slices of them, and shares of memory and cores.
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

/** Whether an extended resource stands for a GPU, of whatever make. */
export const isGPU = (resource: string): boolean => kinds.some((kind) => kind.test(resource));

const none: readonly string[] = [];

/**
 * The extended resources (names with a domain) that the pods ask for, by request or limit of any container, with an
 * amount above 0.
 */
export function extendedResourcesOf(pod: Json<V1PodSpec> | undefined): readonly string[] {
  const containers = [...(pod?.containers ?? []), ...(pod?.initContainers ?? [])];
  const names = new Set(containers.flatMap(extendedResources));
  return names.size > 0 ? [...names] : none;
}

function extendedResources({ resources }: Json<V1Container>): string[] {
  const asked = [...Object.entries(resources?.requests ?? {}), ...Object.entries(resources?.limits ?? {})];
  return asked
    .filter(([name, amount]) => name.includes('/') && (toUnits(String(amount)) ?? 0n) > 0n)
    .map(([name]) => name);
}
