import { expect, it } from 'vitest';
import { extendedResourcesOf, isGPU } from '../../../src/deployments/gpu.ts';

it.each([
  ...['nvidia.com/gpu', 'nvidia.com/gpu.shared', 'nvidia.com/vgpu', 'nvidia.com/gpumem-percentage'],
  ...['nvidia.com/mig-1g.5gb', 'amd.com/gpu', 'gpu.intel.com/i915', 'habana.ai/gaudi', 'huawei.com/Ascend910B'],
  ...['cambricon.com/mlu370', 'hygon.com/dcunum', 'iluvatar.ai/vgpu', 'metax-tech.com/sgpu', 'mthreads.com/vgpu'],
  ...['kunlunxin.com/xpu', 'enflame.com/gcu', 'aliyun.com/gpu-mem', 'tencent.com/vcuda-core'],
])('recognizes %s as a GPU', (resource) => {
  expect(isGPU(resource)).toBe(true);
});

it.each(['cpu', 'nvidia.com/', 'nvidia.com/nic', 'xnvidia.com/gpu', 'nvidia.com/gpu2', 'example.com/fpga', 'gpu'])(
  'does not recognize %s as a GPU',
  (resource) => {
    expect(isGPU(resource)).toBe(false);
  },
);

it('lists each extended resource with an amount above 0 in any container once', () => {
  const container = (requests: object, limits: object) => ({ name: 'c', resources: { requests, limits } });
  const pod = {
    initContainers: [container({}, { 'b.io/x': '1' })],
    containers: [
      container({ 'a.io/x': '500m', cpu: '2' }, { 'a.io/x': '1', 'c.io/x': '0', 'd.io/x': 'odd' }),
      { name: 'bare' },
    ],
  };
  const found = (max: number) => extendedResourcesOf(pod as Parameters<typeof extendedResourcesOf>[0], max);
  expect([found(2), found(1)]).toEqual([['a.io/x', 'b.io/x'], ['a.io/x']]);
  expect(extendedResourcesOf(undefined, 2)).toEqual([]);
});
