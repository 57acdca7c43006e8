import { request } from 'node:https';
import { text } from 'node:stream/consumers';

/** What it takes to talk to the API server. */
export interface Access {
  /** Address, such as https://127.0.0.1:6443. */
  readonly server: string;
  /** PEM certificates. */
  readonly certificateAuthority: string;
  /** Bearer token. */
  readonly token: string;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/**
 * Sends one request over a connection of its own: no connection is left open over a restart of the API server.
 *
 * @param content - sent as JSON by POST; without it the request is a GET
 * @returns undefined if there was no connection
 */
export function ask(access: Access, path: string, content?: unknown): Promise<Answer | undefined> {
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
