import { request } from 'node:https';
import { text } from 'node:stream/consumers';

/** Address and credentials of the API server. */
export interface Access {
  /** Address, such as https://127.0.0.1:6443. */
  readonly server: string;
  /** PEM certificates. */
  readonly certificateAuthority: string;
  /** Bearer token. */
  readonly token: string;
}

export interface ApiResponse {
  readonly status: number;
  readonly body: string;
}

/**
 * Sends one request over a new connection, so that no connection is kept across a restart of the API server.
 *
 * @param content - JSON body of a POST request; if unset, the request is a GET
 * @returns undefined if the connection failed
 */
export function callApi(access: Access, path: string, content?: unknown): Promise<ApiResponse | undefined> {
  return new Promise((resolve) => {
    const outgoing = request(
      new URL(path, access.server),
      {
        agent: false,
        ca: access.certificateAuthority,
        headers: { authorization: `Bearer ${access.token}`, 'content-type': 'application/json' },
        method: content === undefined ? 'GET' : 'POST',
        timeout: 5000,
      },
      (response) => {
        text(response).then(
          (body) => resolve({ status: response.statusCode ?? 0, body }),
          () => resolve(undefined),
        );
      },
    );
    outgoing.once('timeout', () => outgoing.destroy());
    outgoing.once('error', () => resolve(undefined));
    outgoing.end(content === undefined ? undefined : JSON.stringify(content));
  });
}
