import { expect, test } from 'vitest';
import { firstPort, freePorts } from '../../../../tools/control-plane/ports.ts';

test('free ports differ, and are above the highest port that fetch refuses', async () => {
  await expect(fetch('http://127.0.0.1:10080')).rejects.toMatchObject({ cause: { message: 'bad port' } });
  const ports = await freePorts(5);
  expect(new Set(ports).size).toBe(5);
  expect(Math.min(...ports)).toBeGreaterThanOrEqual(firstPort);
  expect(firstPort).toBeGreaterThan(10_080);
});
