import { describe, expect, it } from 'vitest';
import { deploymentState } from '../../../../src/deployments/kpanda/state.ts';

type Deployment = Parameters<typeof deploymentState>[0];

interface Facts {
  deleting?: boolean;
  paused?: boolean;
  replicas?: number;
  generation?: number;
  observed?: number;
  available?: string;
}

function deployment(facts: Facts): Deployment {
  const { deleting, paused, replicas, generation, observed, available } = facts;
  return {
    metadata: {
      ...(deleting && { deletionTimestamp: '2024-05-07T00:00:00Z' }),
      ...(generation !== undefined && { generation }),
    },
    spec: {
      selector: {},
      template: {},
      ...(paused !== undefined && { paused }),
      ...(replicas !== undefined && { replicas }),
    },
    status: {
      ...(observed !== undefined && { observedGeneration: observed }),
      conditions: [
        { type: 'Progressing', status: 'True' },
        ...(available === undefined ? [] : [{ type: 'Available', status: available }]),
      ],
    },
  };
}

const running: Facts = { replicas: 2, generation: 3, observed: 3, available: 'True' };

describe('deploymentState', () => {
  it.each<[string, Facts]>([
    ['Running', running],
    ['Running', { ...running, observed: 4 }],
    ['Running', { available: 'True' }],
    ['Not_Ready', { ...running, observed: 2 }],
    ['Not_Ready', { replicas: 2, generation: 1, available: 'True' }],
    ['Not_Ready', { ...running, available: 'False' }],
    ['Not_Ready', { ...running, available: 'Unknown' }],
    ['Not_Ready', { replicas: 2, generation: 3, observed: 3 }],
    ['Stopped', { ...running, replicas: 0 }],
    ['Stopped', { ...running, replicas: 0, observed: 2 }],
    ['Waiting', { ...running, paused: true }],
    ['Waiting', { ...running, paused: true, replicas: 0 }],
    ['Running', { ...running, paused: false }],
    ['Deleting', { ...running, deleting: true }],
    ['Deleting', { ...running, deleting: true, paused: true, replicas: 0 }],
  ])('%s follows from %j', (state, facts) => {
    expect(deploymentState(deployment(facts))).toBe(state);
  });

  it.each<[string, Deployment]>([
    ['an empty Deployment', {}],
    ['no status', { metadata: { name: 'a', generation: 1 } }],
    ['no conditions', { status: { observedGeneration: 1 } }],
  ])('Not_Ready: %s', (_, deployment) => {
    expect(deploymentState(deployment)).toBe('Not_Ready');
  });
});
