import { describe, expect, it } from 'vitest';
import { toRow } from '../../../../src/web/deployments/row.ts';
import { record } from '../../deployments/support.ts';

const rowOf = (parts: object) => toRow(record('shop/web', parts)).row;
const condition = (type: string, status: string, reason: string) => ({
  type,
  status,
  reason,
  message: `about ${type}`,
});

describe('the row of a Deployment', () => {
  it.each([
    [
      'ready of desired pods, not of existing ones',
      { spec: { replicas: 3 }, status: { readyReplicas: 1, replicas: 4 } },
      '1/3',
    ],
    ['one desired pod if replicas is unset', { status: { readyReplicas: 1 } }, '1/1'],
    ['no ready pods if the status is empty', { spec: { replicas: 2 } }, '0/2'],
    ['no pods if it is stopped', { spec: { replicas: 0 } }, '0/0'],
    ['one desired pod if replicas is malformed', { spec: { replicas: '<b>' } }, '0/1'],
  ])('has %s', (_, parts, expected) => {
    const { ready, replicas } = rowOf(parts);
    expect(`${ready}/${replicas}`).toBe(expected);
  });

  it.each([
    [condition('ReplicaFailure', 'True', 'FailedCreate'), 'ReplicaFailure'],
    [condition('ReplicaFailure', 'False', 'FailedCreate'), undefined],
    [condition('Progressing', 'False', 'ProgressDeadlineExceeded'), 'ProgressDeadlineExceeded'],
    [condition('Progressing', 'True', 'ReplicaSetUpdated'), undefined],
    [condition('Progressing', 'Unknown', 'DeploymentPaused'), undefined],
    [condition('Available', 'False', 'MinimumReplicasUnavailable'), undefined],
  ])('with %o has the problem %s', (one, kind) => {
    const { problems } = rowOf({ status: { conditions: [one] } });
    expect(problems).toEqual(kind === undefined ? [] : [{ kind, message: one.message }]);
  });

  it('has no creation time if the Deployment has none', () => {
    expect(rowOf({ metadata: { creationTimestamp: undefined } }).createdAt).toBeUndefined();
  });
});
