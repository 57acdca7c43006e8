import type { Kubectl } from '../../tools/kubectl.ts';
import { accessKeyManifest, createPair, deploymentsPath, getToken, type Listing } from './platform.ts';

/** The response to a listing. */
export interface Answer {
  status: number;
  /** namespace/name of the items, of all pages. */
  names: string[];
}

/** A user with a token for the platform API. */
export interface Caller {
  readonly name: string;
  readonly groups: readonly string[];
  /** Lists the deployments of the cluster, page by page. */
  list(): Promise<Answer>;
  listIn(namespace: string): Promise<Answer>;
  /** @returns the HTTP status of the request for one deployment */
  get(namespace: string, name: string): Promise<number>;
}

const pageSize = 2;

/** Creates a pair for the user in the namespace `people`, and a token. */
export async function createCaller(
  kubectl: Kubectl,
  url: string,
  { name, groups = [], accessKey = name }: { name: string; groups?: string[]; accessKey?: string },
): Promise<Caller> {
  const pair = await createPair(kubectl, accessKeyManifest('people', accessKey, { user: { name, groups } }));
  const headers = { authorization: `Bearer ${await getToken(url, pair)}` };
  const request = (path: string) => fetch(url + path, { headers });

  async function listAll(path: string): Promise<Answer> {
    const names: string[] = [];
    for (let page = 1; ; page += 1) {
      const answer = await request(`${path}?page=${page}&pageSize=${pageSize}`);
      const body = (await answer.json()) as Listing;
      if (!answer.ok) return { status: answer.status, names: [] };
      names.push(...body.items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`));
      if (page < body.pagination.pages) continue;
      if (names.length !== body.pagination.total) throw new Error(`total ${body.pagination.total}, items: ${names}`);
      return { status: answer.status, names };
    }
  }

  return {
    name,
    groups,
    list: () => listAll(deploymentsPath),
    listIn: (namespace) => listAll(inNamespace(namespace)),
    async get(namespace, deployment) {
      const answer = await request(`${inNamespace(namespace)}/${deployment}`);
      await answer.body?.cancel();
      return answer.status;
    },
  };
}

const inNamespace = (namespace: string) =>
  deploymentsPath.replace(/deployments$/, `namespaces/${namespace}/deployments`);
