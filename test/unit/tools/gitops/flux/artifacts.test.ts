import { createHash } from 'node:crypto';
import { expect, it, onTestFinished } from 'vitest';
import { sourceStatus, startArtifacts } from '../../../../../tools/gitops/flux/artifacts.ts';
import type { Repository } from '../../../../../tools/gitops/repository.ts';
import type { Kubectl } from '../../../../../tools/kubectl.ts';

const content = Buffer.from('archive');
const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;

it('sourceStatus names the archive as source-controller does', () => {
  const archive = { branch: 'main', revision: 'abc', content };
  expect(sourceStatus(archive, 'http://127.0.0.1:1', new Date('2026-01-02T03:04:05Z'))).toMatchObject({
    observedGeneration: 1,
    artifact: {
      digest,
      lastUpdateTime: '2026-01-02T03:04:05.000Z',
      path: 'abc.tar.gz',
      revision: 'main@sha1:abc',
      size: 7,
      url: 'http://127.0.0.1:1/abc.tar.gz',
    },
    conditions: [{ type: 'Ready', status: 'True' }],
  });
});

it('publish announces an archive in each GitRepository and serves it', async () => {
  const patched: [string, { status: { artifact: { url: string } } }][] = [];
  const run = async ([command = '', name = '', ...rest]: readonly string[]) => {
    if (command === 'patch') patched.push([name, JSON.parse(rest.at(-1) ?? '')]);
    return 'gitrepository/one\ngitrepository/two\n';
  };
  const artifacts = await startArtifacts({ run } as Kubectl);
  onTestFinished(artifacts.stop);
  await artifacts.publish({ branch: 'main', archive: async () => ({ revision: 'abc', content }) } as Repository);

  expect(patched.map(([name]) => name)).toEqual(['gitrepository/one', 'gitrepository/two']);
  const url = patched[0]?.[1].status.artifact.url ?? '';
  expect(await (await fetch(url)).text()).toBe('archive');
  expect((await fetch(`${url}x`)).status).toBe(404);
});
