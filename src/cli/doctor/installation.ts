/** What is installed: the objects of the operator in its namespace. */
import { parse } from 'yaml';
import { usernameOf } from '../../kube/names.ts';
import { resources } from '../../kube/resource.ts';
import type { Cluster } from '../common/cluster.ts';
import type { Deployment, Lease, Place } from './check-operator.ts';
import type { InstalledPlace } from './check-permissions.ts';
import type { Fact } from './finding.ts';
import { readFact, readWith } from './read-fact.ts';

/** The parts of the Deployment that say where its other objects are. */
export interface OperatorDeployment extends Deployment {
  readonly spec: Deployment['spec'] & {
    readonly template: {
      readonly spec: {
        readonly serviceAccountName?: string;
        readonly volumes?: readonly {
          readonly name: string;
          readonly configMap?: { readonly name: string };
          readonly secret?: { readonly secretName: string };
        }[];
      };
    };
  };
}

export interface Installation {
  readonly place: Place;
  readonly deployment: Fact<OperatorDeployment>;
  readonly lease: Fact<Lease>;
  /** The fields of the configuration that checks depend on, or their defaults if it cannot be read. */
  readonly settings: InstalledPlace;
  /** Name of the user of the operator's ServiceAccount. */
  readonly username: string;
  /** Name of the Secret with the certificate; undefined if there is none. */
  readonly tlsSecret: string | undefined;
}

export async function readInstallation({ client }: Cluster, place: Place): Promise<Installation> {
  const { namespace, name } = place;
  const read = <T extends object>(resource: { apiVersion: string; plural: string }, object = name) =>
    client.get<T>({ ...resource, namespace, name: object });
  const deployment = await readFact(() => read<OperatorDeployment>(resources.deployments));
  const lease = await readFact(() => read<Lease>(resources.leases));
  const pod = 'value' in deployment ? deployment.value.spec.template.spec : undefined;
  const volume = (wanted: string) => pod?.volumes?.find((one) => one.name === wanted);
  const configMap = volume('config')?.configMap?.name ?? 'accesskey-operator-config';
  const config = await readFact(() => read<ConfigMap>({ apiVersion: 'v1', plural: 'configmaps' }, configMap));
  return {
    place,
    deployment,
    lease,
    settings: { namespace, ...settingsOf(config) },
    username: usernameOf({ namespace, name: pod?.serviceAccountName ?? name }),
    tlsSecret: volume('tls')?.secret?.secretName,
  };
}

interface ConfigMap {
  readonly data?: Readonly<Record<string, string>>;
}

/** The parts of the configuration file. The operator itself has validated it. */
interface ConfigurationFile {
  readonly watchNamespace?: string;
  readonly token?: { readonly signingKeys?: { readonly secretName?: string } };
}

function settingsOf(config: Fact<ConfigMap>): Pick<InstalledPlace, 'watchNamespace' | 'signingKeys'> {
  const text = 'value' in config ? config.value.data?.['config.yaml'] : undefined;
  const { watchNamespace, token } = ((text && parseYaml(text)) || {}) as ConfigurationFile;
  return { watchNamespace, signingKeys: token?.signingKeys?.secretName ?? 'accesskey-operator-signing-keys' };
}

function parseYaml(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

/** Reads one value of a Secret in the namespace of the operator. @param name undefined if there is no such Secret */
export async function readSecretValue(
  { client }: Cluster,
  { namespace }: Place,
  name: string | undefined,
  key: string,
): Promise<Fact<string>> {
  if (name === undefined) return { missing: 'notFound', reason: 'the operator has no such Secret' };
  const secret = await readFact(() => client.get<ConfigMap>({ ...resources.secrets, namespace, name }));
  return readWith(secret, async ({ data }) => {
    const value = data?.[key];
    if (value === undefined) throw new Error(`Secret ${name} has no ${key}`);
    return Buffer.from(value, 'base64').toString('utf8');
  });
}
