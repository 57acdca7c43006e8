import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { explainFailure, requireVersion } from '../../../../tools/kind/failures.ts';
import { locateKind } from '../../../../tools/kind/kind.ts';
import { temporaryFolder, writeProgram } from '../go-programs/support/sandbox.ts';

describe('explains a failure of kind in one line', () => {
  it.each([
    [
      'ERROR: failed to create cluster: docker run error: command "docker run ..." failed with error: exit status 125\n' +
        'Command Output: docker: Error response from daemon: driver failed programming external connectivity on endpoint ' +
        'x: Bind for 127.0.0.1:6443 failed: port is already allocated.',
      'port 6443 is in use by another program',
    ],
    [
      'docker: Error response from daemon: Ports are not available: listen tcp4 0.0.0.0:8080: bind: address already in use.',
      'port 8080 is in use by another program',
    ],
    [
      'docker: Error response from daemon: driver failed programming external connectivity on endpoint x: Error ' +
        'starting userland proxy: listen tcp4 198.18.0.2:6443: bind: address already in use.',
      'port 6443 is in use by another program',
    ],
    [
      'failed to register layer: write /usr/bin/kubelet: no space left on device',
      'the disk is full (Docker stores images and nodes in its data folder)',
    ],
    [
      'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
      'the Docker daemon does not respond',
    ],
    [
      'ERROR: failed to create cluster: node(s) already exist for a cluster with the name "x"',
      'a cluster with this name exists already',
    ],
    [
      'ERROR: failed to create cluster: failed to pull image "kindest/node:v1": Error response from daemon: Get ' +
        '"https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host',
      'Docker cannot pull the node image',
    ],
    [
      'Creating cluster "x" ...\n • Starting control-plane\nERROR: failed to create cluster: kubeadm failed\nStack Trace:',
      'failed to create cluster: kubeadm failed',
    ],
    ['one line\nthe last line\n', 'the last line'],
  ])('%s', (output, cause) => {
    expect(explainFailure('cannot create the cluster', new Error(output)).message).toBe(
      `cannot create the cluster: ${cause}`,
    );
  });
});

describe('a version of kind', () => {
  it.each(['0.33.0', 'v0.33.1', '0.34.0-alpha', '1.0.0'])('%s is accepted', (version) => {
    expect(() => requireVersion('/bin/kind', version, 'v0.33.0')).not.toThrow();
  });

  it.each(['0.32.9', 'v0.9.0', '0.5.1'])('%s is rejected', (version) => {
    expect(() => requireVersion('/bin/kind', version, 'v0.33.0')).toThrow(
      `/bin/kind is kind ${version}, but v0.33.0 or newer is required`,
    );
  });

  it('is read from an installed kind', async () => {
    const folder = await temporaryFolder();
    onTestFinished(() => void vi.unstubAllEnvs());
    vi.stubEnv('KUBEBUILDER_ASSETS', folder);
    writeProgram(join(folder, 'kind'), 'echo 0.20.0');
    const located = locateKind(() => undefined);
    await expect(located).rejects.toThrow(`${folder}/kind is kind 0.20.0, but v0.33.0 or newer is required`);
  });
});
