import { locatePrograms } from '../go-programs/locate.ts';
import { controlPlanePrograms, kindPrograms, nodePrograms, type Paths } from '../go-programs/program-sets.ts';

const ofControlPlane = ['kube-apiserver', 'etcd', 'kube-controller-manager', 'kube-scheduler', 'kubectl'] as const;

/** Absolute paths of the programs in the node image. */
export type NodeImagePrograms = Paths<
  (typeof ofControlPlane)[number] | keyof typeof nodePrograms.packages | 'kubeadm' | 'crictl'
>;

/** Locates the programs of the node image, and builds missing ones. */
export async function locateNodeImagePrograms(log: (line: string) => void): Promise<NodeImagePrograms> {
  return {
    ...(await locatePrograms(controlPlanePrograms, { log, only: ofControlPlane })),
    ...(await locatePrograms(nodePrograms, { log })),
    ...(await locatePrograms(kindPrograms, { log, only: ['kubeadm', 'crictl'] })),
  };
}
