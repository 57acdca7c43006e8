import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, request } from 'node:https';

/** The way from the proxy to the API server. */
export interface Upstream {
  /**
   * Passes a request on and gives the answer when its headers are there. When the client goes away, so does this.
   *
   * @throws Error when there is no answer
   */
  pass(incoming: IncomingMessage, outgoing: ServerResponse, path: string): Promise<IncomingMessage>;
  close(): void;
}

export interface UpstreamOptions {
  /** URL of the API server. */
  server: string;
  /** PEM certificates that its certificate is checked with. */
  certificateAuthority: string;
}

export function createUpstream({ server, certificateAuthority }: UpstreamOptions): Upstream {
  const agent = new Agent({ keepAlive: true, ca: certificateAuthority });
  return {
    pass: (incoming, outgoing, path) =>
      new Promise((resolve, reject) => {
        const options = { method: incoming.method, headers: withoutHop(incoming), agent };
        const upstream = request(server + path, options, (answer) => {
          // Whoever reads it hears of the error; this one is for when nobody does.
          answer.on('error', () => undefined);
          resolve(answer);
        });
        upstream.on('error', reject);
        outgoing.on('close', () => upstream.destroy());
        incoming.on('error', () => upstream.destroy());
        incoming.pipe(upstream);
      }),
    close: () => agent.destroy(),
  };
}

/** Headers of a message without those that are about its own connection (RFC 9110 section 7.6.1). */
export function withoutHop({ headers }: IncomingMessage): Record<string, string | string[]> {
  const hop = new Set(['host', 'connection', 'keep-alive']);
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (value === undefined || hop.has(name) ? [] : [[name, value]])),
  );
}
