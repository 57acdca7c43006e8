import type { Condition, DeploymentItem } from '../../deployments/kpanda/schema.ts';
import type { State } from '../../deployments/kpanda/state.ts';
import type { DeploymentRecord } from '../../deployments/record.ts';

/** A Deployment as the pages show it. */
export interface DeploymentRow {
  cluster: string;
  namespace: string;
  name: string;
  state: State;
  /** Pods that are ready, and desired pods, as in the column READY of kubectl. */
  ready: number;
  replicas: number;
  problems: readonly DeploymentProblem[];
  images: readonly string[];
  /** Milliseconds since the epoch; undefined if unknown. */
  createdAt: number | undefined;
}

/** A failure that the Deployment controller reports in a condition. The states of the kpanda API have none for it. */
export interface DeploymentProblem {
  kind: 'ReplicaFailure' | 'ProgressDeadlineExceeded';
  message: string;
}

/** @returns the row and the full item of a record */
export function toRow(record: DeploymentRecord): { row: DeploymentRow; item: DeploymentItem } {
  const { cluster, namespace, name, state, createdAt, replicas, text } = record;
  const item = JSON.parse(text) as DeploymentItem;
  const row = {
    cluster,
    namespace,
    name,
    state,
    ready: item.status.readyReplicas,
    replicas,
    problems: item.status.conditions.flatMap(problemOf),
    images: (item.spec.template?.spec?.containers ?? []).map(({ image }) => image),
    createdAt: createdAt === 0 ? undefined : createdAt * 1000,
  };
  return { row, item };
}

function problemOf({ type, status, reason, message }: Condition): DeploymentProblem[] {
  if (type === 'ReplicaFailure' && status === 'True') return [{ kind: type, message }];
  const isLate = type === 'Progressing' && status === 'False' && reason === 'ProgressDeadlineExceeded';
  return isLate ? [{ kind: reason, message }] : [];
}
