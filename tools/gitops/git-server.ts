/** Serves git repositories over HTTP with the program that git itself has for this purpose (git http-backend, CGI). */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { succeeds } from '../run-command.ts';

export interface GitServer {
  /** Address of the folder, without a slash at the end. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Ignores the settings of the user and the machine. */
export const gitEnvironment: NodeJS.ProcessEnv = {
  PATH: process.env.PATH,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
};

/**
 * Serves every repository in a folder on a free loopback port, read-only.
 *
 * @param environment environment variables of git
 * @throws Error if git is missing
 */
export async function startGitServer(directory: string, environment = gitEnvironment): Promise<GitServer> {
  if (!(await succeeds('git', ['--version'], { env: environment })))
    throw new Error('GitOps tests need git on the PATH');
  const server = createServer((request, response) => {
    respond(directory, request, response).catch((error: Error) => response.destroy(error));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function respond(directory: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const backend = spawn('git', ['http-backend'], {
    env: { ...gitEnvironment, ...cgiVariables(directory, request) },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  backend.stdin.on('error', () => undefined);
  request.pipe(backend.stdin);
  const { status, headers, body } = parseCgiResponse(await buffer(backend.stdout));
  response.writeHead(status, headers).end(body);
}

/** Returns the variables of a request (RFC 3875). */
function cgiVariables(directory: string, { method, url = '/', headers }: IncomingMessage): NodeJS.ProcessEnv {
  const { pathname, search } = new URL(url, 'http://localhost');
  const protocol = headers['git-protocol'];
  return {
    GIT_PROJECT_ROOT: directory,
    GIT_HTTP_EXPORT_ALL: '1',
    PATH_INFO: pathname,
    QUERY_STRING: search.slice(1),
    REQUEST_METHOD: method,
    CONTENT_TYPE: headers['content-type'],
    HTTP_CONTENT_ENCODING: headers['content-encoding'],
    GIT_PROTOCOL: typeof protocol === 'string' ? protocol : undefined,
  };
}

export interface CgiResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Parses the output of a CGI program: header fields, an empty line and the body. */
export function parseCgiResponse(output: Buffer): CgiResponse {
  const end = output.indexOf('\r\n\r\n');
  if (end < 0) return { status: 500, headers: {}, body: Buffer.from('git http-backend failed\n') };
  const fields = output
    .subarray(0, end)
    .toString('latin1')
    .split('\r\n')
    .map((line) => line.split(/:\s*/, 2) as [string, string]);
  const { Status = '200', ...headers } = Object.fromEntries(fields) as Record<string, string>;
  return { status: Number.parseInt(Status, 10), headers, body: output.subarray(end + 4) };
}
