import { describe, expect, it } from 'vitest';
import type { AnsweredRequest } from '../../../../src/http/common/environment.ts';
import { ak, createPlatform, deploymentsPath, sk, tokenPaths } from '../support.ts';

describe('the metrics of requests', () => {
  it('are told the pattern of the route and the status, also where nothing is', async () => {
    const answered: AnsweredRequest[] = [];
    const { get } = await createPlatform({ httpMetrics: { answered: (request) => void answered.push(request) } });
    await get(`${tokenPaths[0]}?ak=${ak}&sk=${sk}`);
    await get(deploymentsPath);
    await get(`/apis/${sk}`);
    await get('/oauth2/nowhere');
    expect(answered.map(({ route, status }) => [route, status])).toEqual([
      [tokenPaths[0], 200],
      [deploymentsPath.replace('here', ':cluster'), 401],
      ['/*', 404],
      ['/*', 404],
    ]);
    for (const { seconds } of answered) expect(seconds).toBeGreaterThan(0);
  });
});
