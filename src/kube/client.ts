import {
  AuthenticationV1Api,
  AuthorizationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  createConfiguration,
  EventsV1Api,
  PatchStrategy,
  type RequestContext,
  ResponseContext,
  ServerConfiguration,
  setHeaderOptions,
  wrapHttpLibrary,
} from '@kubernetes/client-node';
import { readText } from './read-text.ts';
import type { Transport, TransportRequest } from './transport.ts';

/**
 * client-node's typed APIs over our transport.
 *
 * They are used to write, to read one object and to review. What they read has lost the fields that their models do
 * not know, so it is never changed and sent back. Errors are those of the transport.
 */
export interface KubernetesClient {
  readonly core: CoreV1Api;
  readonly customObjects: CustomObjectsApi;
  readonly authentication: AuthenticationV1Api;
  readonly authorization: AuthorizationV1Api;
  readonly events: EventsV1Api;
}

/** The longest answer about one object, bytes: etcd holds objects of 1.5 MiB, JSON may be somewhat larger. */
const maxObjectBytes = 16 * 1024 * 1024;

/** Options of a patch call: JSON merge patch (RFC 7396). */
export const mergePatch = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);

export function createKubernetesClient(transport: Transport): KubernetesClient {
  const configuration = createConfiguration({
    baseServer: new ServerConfiguration(transport.server, {}),
    httpApi: wrapHttpLibrary({ send: (context) => sendThrough(transport, context) }),
    authMethods: {},
  });
  return {
    core: new CoreV1Api(configuration),
    customObjects: new CustomObjectsApi(configuration),
    authentication: new AuthenticationV1Api(configuration),
    authorization: new AuthorizationV1Api(configuration),
    events: new EventsV1Api(configuration),
  };
}

async function sendThrough(transport: Transport, context: RequestContext): Promise<ResponseContext> {
  const url = new URL(context.getUrl());
  const body = context.getBody();
  const signal = context.getSignal();
  const answer = await transport.send({
    method: context.getHttpMethod() as TransportRequest['method'],
    path: url.pathname.slice(new URL(transport.server).pathname.replace(/\/$/, '').length) + url.search,
    headers: context.getHeaders(),
    ...(body === undefined ? {} : { body: String(body) }),
    ...(signal === undefined ? {} : { signal }),
  });
  const headers = Object.fromEntries(Object.entries(answer.headers).map(([name, value]) => [name, String(value)]));
  return new ResponseContext(answer.statusCode, headers, {
    text: () => readText(answer.body, maxObjectBytes),
    binary: async () => Buffer.from(await answer.body.arrayBuffer()),
    stream: () => null,
  });
}
