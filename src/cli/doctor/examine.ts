/** Reads everything that the checks need, and runs them. Reads only; the escalation attempt is a dry run. */
import { accessKeys } from '../../accesskey/model/access-key-record.ts';
import type { Cluster } from '../common/cluster.ts';
import { type ClockReading, readApiClock } from '../common/server-clock.ts';
import type { SendOptions } from '../token/send.ts';
import { type Certificate, checkCertificate } from './check-certificates.ts';
import { checkClock } from './check-clock.ts';
import { type CustomResourceDefinition, checkCrd } from './check-crd.ts';
import { checkDiscovery, checkKeys, checkToken } from './check-issuer.ts';
import { checkDeployment, checkLease, checkVersion, type Place } from './check-operator.ts';
import {
  checkOperatorPermissions,
  checkUserPermissions,
  operatorPermissions,
  userPermissions,
} from './check-permissions.ts';
import { checkEscalation, checkPolicies, type Policy, type PolicyBinding } from './check-policies.ts';
import { checkUnchecked, type DatedAccessKey, type DatedBinding } from './check-unchecked.ts';
import { crdFields } from './crd-fields.generated.ts';
import type { Fact, Finding } from './finding.ts';
import { type Installation, readInstallation, readSecretValue } from './installation.ts';
import { readerAt, readerThroughProxy } from './operator-api.ts';
import { parseCertificate, readServerCertificate } from './read-certificate.ts';
import { readFact, readWith } from './read-fact.ts';
import { readIssuer } from './read-issuer.ts';
import { reviewOwn, reviewServiceAccount } from './read-permissions.ts';
import { tryEscalation } from './try-escalation.ts';

export interface Examination {
  /** The operator's namespace and name. */
  readonly place: Place;
  /** URL of the operator's API; undefined to reach it through the API server. */
  readonly server: string | undefined;
  readonly tokenFile: string | undefined;
  readonly probeAs: string | undefined;
  /** Version of this program. */
  readonly version: string;
  readonly sendOptions: SendOptions;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Examines an installation.
 *
 * @throws ConnectionError or KubernetesError if the API server cannot be reached at all
 */
export async function examine(cluster: Cluster, examination: Examination): Promise<Finding[]> {
  const { place, server, now } = examination;
  const apiClock = await readClock(cluster, now);
  const installation = await readInstallation(cluster, place);
  // The API server's clock counts for what it has written.
  const apiNow = 'value' in apiClock ? apiClock.value.remote : now();
  const leader = checkLease(installation.lease, place, apiNow);
  return [
    ...(await checkCluster(cluster, examination)),
    checkDeployment(installation.deployment, place, leader.status === 'ok'),
    checkVersion(installation.deployment, examination.version),
    leader,
    ...(await checkServer(cluster, installation, examination)),
    checkClock(apiClock, 'API server'),
    checkCertificate(
      await readFact(() => readServerCertificate(cluster.transport.server, cluster.tlsServerName)),
      'API server',
      now(),
    ),
    checkCertificate(await readOwnCertificate(cluster, installation, server), 'operator', now()),
    ...(await checkAllPermissions(cluster, installation)),
  ];
}

async function readClock({ transport }: Cluster, now: () => number): Promise<Fact<ClockReading>> {
  const reading = await readApiClock(transport, '/version', now);
  return reading ? { value: reading } : { missing: 'unavailable', reason: 'the response has no date' };
}

const admission = 'admissionregistration.k8s.io/v1';

async function checkCluster(cluster: Cluster, { probeAs }: Examination): Promise<Finding[]> {
  const { client } = cluster;
  const crd = {
    apiVersion: 'apiextensions.k8s.io/v1',
    plural: 'customresourcedefinitions',
    name: 'accesskeys.ghippo.io',
  };
  const all = <T extends object>(plural: string) =>
    readFact(() => client.list<T>({ apiVersion: admission, plural }, {}));
  const bindings = await all<PolicyBinding & DatedBinding>('validatingadmissionpolicybindings');
  return [
    checkCrd(await readFact(() => client.get<CustomResourceDefinition>(crd)), crdFields),
    checkPolicies(await all<Policy>('validatingadmissionpolicies'), bindings),
    checkEscalation(await tryEscalation(cluster, probeAs)),
    checkUnchecked(bindings, await readFact(() => client.list<DatedAccessKey>(accessKeys, {}))),
  ];
}

async function checkServer(cluster: Cluster, installation: Installation, examination: Examination): Promise<Finding[]> {
  const { server, sendOptions, now, place, tokenFile } = examination;
  const at = (base: string) => readerAt(base, sendOptions, now);
  const own = server === undefined ? readerThroughProxy(cluster, place, now) : at(server);
  const { facts, clock, token } = await readIssuer(cluster, installation, { own, at }, tokenFile);
  return [checkKeys(facts), checkDiscovery(facts), checkToken(token), checkClock(clock, 'operator')];
}

async function readOwnCertificate(
  cluster: Cluster,
  { place, deployment, tlsSecret }: Installation,
  server: string | undefined,
): Promise<Fact<Certificate>> {
  if (server !== undefined && URL.parse(server)?.protocol === 'https:')
    return readFact(() => readServerCertificate(server));
  if (!('value' in deployment)) return deployment;
  if (tlsSecret === undefined) return { missing: 'notRequested', reason: 'the operator has no certificate of its own' };
  const pem = await readSecretValue(cluster, place, tlsSecret, 'tls.crt');
  return readWith(pem, async (text) => parseCertificate(`Secret ${tlsSecret}`, text));
}

async function checkAllPermissions({ client, namespace }: Cluster, installation: Installation): Promise<Finding[]> {
  const { username, settings } = installation;
  const own = await reviewOwn(client, userPermissions(namespace));
  return [
    checkOperatorPermissions(await reviewServiceAccount(client, username, operatorPermissions(settings))),
    checkUserPermissions(own, namespace),
  ];
}
