/**
 * Time limit of one step, such as a rollout or a deletion, milliseconds. It is long because the machine may be busy, and
 * because the kubelet takes up to two minutes to update mounted Secrets.
 */
export const stepMs = 300_000;

/** The same limit, as an argument of kubectl and Helm. */
export const stepTimeout = `--timeout=${stepMs / 1000}s`;
