import type { Kubectl } from '../../tools/kubectl.ts';
import { serviceUrl, shop } from './environment.ts';
import { stepTimeout } from './time-limit.ts';

/** One container that complies with Pod Security `restricted`, in the namespace of the services. */
export interface Workload {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly serviceAccount?: string;
  /** Volumes by mount path. */
  readonly volumes: Readonly<Record<string, object>>;
}

/** The manifest of a Deployment with one pod. */
export function deploymentOf(workload: Workload) {
  const { name } = workload;
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: shop },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: podSpec(workload) } },
  };
}

function podSpec({ name, image, command, environment = {}, serviceAccount = 'default', volumes }: Workload) {
  const mounts = Object.entries(volumes).map(([mountPath, source], index) => ({
    mountPath,
    source,
    name: `volume-${index}`,
  }));
  return {
    serviceAccountName: serviceAccount,
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 5,
    securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name,
        image,
        imagePullPolicy: 'IfNotPresent',
        ...(command && { command }),
        env: Object.entries({ ACCESSKEY_URL: serviceUrl, ...environment }).map(([key, value]) => ({
          name: key,
          value,
        })),
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
        volumeMounts: mounts.map(({ name, mountPath }) => ({ name, mountPath, readOnly: true })),
      },
    ],
    volumes: mounts.map(({ name, source }) => ({ name, ...source })),
  };
}

/** @returns the log lines of a Deployment's pod; empty if there is no pod yet */
export async function linesOf(kubectl: Kubectl, name: string): Promise<string[]> {
  const text = await kubectl.run(['logs', `deployment/${name}`, '-n', shop, '--tail=-1']);
  return text.split('\n').filter((line) => line !== '');
}

export async function rolledOut(kubectl: Kubectl, namespace: string, name: string): Promise<void> {
  await kubectl.run(['rollout', 'status', `deployment/${name}`, '-n', namespace, stepTimeout]);
}
