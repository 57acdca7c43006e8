/** Configuration files and arguments of kubelet, kube-proxy and the cluster DNS. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { CertificateFiles, NodeCertificates } from './certificates.ts';
import { containerdSocket } from './container-runtime.ts';
import { podNetwork } from './network.ts';

export const nodeName = 'node-1';
const clusterDomain = 'cluster.local';

/** Settings from which the files are generated. */
export interface AgentLayout {
  /** Folder for the files. */
  readonly directory: string;
  readonly nodeAddress: string;
  /** URL of the API server. */
  readonly server: string;
  readonly apiCertificate: string;
  readonly certificates: NodeCertificates;
  /** Parent cgroup of all pods. */
  readonly cgroup: string;
}

const healthPort = { kubelet: 10248, kubeProxy: 10256, dns: 10255 } as const;

/** URLs of the health checks. */
export const healthUrls = {
  kubelet: `http://127.0.0.1:${healthPort.kubelet}/healthz`,
  kubeProxy: `http://127.0.0.1:${healthPort.kubeProxy}/healthz`,
  dns: `http://127.0.0.1:${healthPort.dns}/ready`,
} as const;

/** Writes the configuration of the kubelet and returns its arguments. */
export async function configureKubelet(layout: AgentLayout): Promise<string[]> {
  const { directory, nodeAddress } = layout;
  const kubeconfig = await writeAgentKubeconfig('kubelet', layout.certificates.kubelet, layout);
  // Without upstream name servers, because pods cannot reach other networks.
  await writeFile(join(directory, 'resolv.conf'), '');
  const config = await writeYaml(join(directory, 'kubelet.yaml'), kubeletConfiguration(layout));
  return [
    `--config=${config}`,
    `--kubeconfig=${kubeconfig}`,
    `--hostname-override=${nodeName}`,
    `--node-ip=${nodeAddress}`,
  ];
}

function kubeletConfiguration({ directory, nodeAddress, certificates, cgroup }: AgentLayout) {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: nodeAddress,
    healthzPort: healthPort.kubelet,
    containerRuntimeEndpoint: `unix://${containerdSocket(directory)}`,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${cgroup}`,
    // Allows machines with cgroup v1 or swap.
    failCgroupV1: false,
    failSwapOn: false,
    // Lower values require CAP_SYS_RESOURCE.
    oomScoreAdj: 0,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: certificates.authority.certificate },
    },
    authorization: { mode: 'Webhook' },
    clusterDNS: [nodeAddress],
    clusterDomain,
    resolvConf: join(directory, 'resolv.conf'),
    volumePluginDir: join(directory, 'volume-plugins'),
    // Updates of Secrets reach pods within seconds.
    syncFrequency: '5s',
    configMapAndSecretChangeDetectionStrategy: 'Watch',
    nodeStatusUpdateFrequency: '5s',
    // Low thresholds, because the disk is that of a shared machine.
    evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
    imageGCHighThresholdPercent: 100,
  };
}

/** Writes the configuration of kube-proxy and returns its arguments. */
export async function configureKubeProxy(layout: AgentLayout): Promise<string[]> {
  const kubeconfig = await writeAgentKubeconfig('kube-proxy', layout.certificates.kubeProxy, layout);
  const config = await writeYaml(join(layout.directory, 'kube-proxy.yaml'), {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'iptables',
    hostnameOverride: nodeName,
    clientConnection: { kubeconfig },
    healthzBindAddress: `127.0.0.1:${healthPort.kubeProxy}`,
    clusterCIDR: podNetwork,
    // Keeps the conntrack settings of the machine.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
  });
  return [`--config=${config}`];
}

/** Writes the configuration of the cluster DNS and returns its arguments. */
export async function configureDns(layout: AgentLayout, adminKubeconfig: string): Promise<string[]> {
  const file = join(layout.directory, 'Corefile');
  await writeFile(
    file,
    `${clusterDomain}:53 {
  bind ${layout.nodeAddress}
  errors
  ready 127.0.0.1:${healthPort.dns}
  kubernetes ${clusterDomain} {
    kubeconfig ${adminKubeconfig}
  }
}
`,
  );
  return ['-conf', file];
}

async function writeAgentKubeconfig(name: string, client: CertificateFiles, layout: AgentLayout): Promise<string> {
  return writeYaml(join(layout.directory, `${name}.kubeconfig`), {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: layout.server, 'certificate-authority': layout.apiCertificate } }],
    users: [{ name, user: { 'client-certificate': client.certificate, 'client-key': client.key } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  });
}

async function writeYaml(file: string, content: object): Promise<string> {
  await writeFile(file, stringify(content), { mode: 0o600 });
  return file;
}
