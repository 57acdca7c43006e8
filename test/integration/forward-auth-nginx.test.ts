/** Forward-auth with a real nginx, configured as in docs/tokens.md. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePorts } from '../../tools/control-plane/ports.ts';
import { locateNginx } from '../../tools/debian/test-programs.ts';
import { poll } from '../../tools/poll.ts';
import { accessKey } from '../support/builders.ts';
import { createPlatform } from '../unit/http/support.ts';

const program = await locateNginx();

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** Sends a request with a repeated header, which fetch cannot do. */
async function askTwice(url: string, path: string): Promise<number | undefined> {
  const headers = ['Host', 'a', 'Authorization', 'Bearer x', 'Authorization', 'Bearer y'];
  const sent = request(`${url}${path}`, { headers }).end();
  const [answer] = await once(sent, 'response');
  answer.resume();
  return answer.statusCode;
}

const configuration = (ports: { gateway: number; operator: number; upstream: number }, directory: string) => `
daemon off; master_process off; pid ${directory}/pid; error_log stderr warn;
events {}
http {
  access_log off;
  client_body_temp_path ${directory}; proxy_temp_path ${directory}; fastcgi_temp_path ${directory};
  uwsgi_temp_path ${directory}; scgi_temp_path ${directory};
  server {
    listen 127.0.0.1:${ports.gateway};
    location / {
      auth_request /_auth;
      auth_request_set $auth_user $upstream_http_x_auth_request_user;
      auth_request_set $auth_groups $upstream_http_x_auth_request_groups;
      proxy_set_header X-Auth-Request-User $auth_user;
      proxy_set_header X-Auth-Request-Groups $auth_groups;
      proxy_set_header Authorization "";
      proxy_pass http://127.0.0.1:${ports.upstream};
    }
    location = /_auth {
      internal;
      proxy_pass http://127.0.0.1:${ports.operator}/oauth2/auth;
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
    }
  }
}
`;

describe.skipIf(!program)('nginx with auth_request (skipped where there is neither nginx nor apt-get)', () => {
  const directory = mkdtempSync(join(tmpdir(), 'nginx-test-'));
  const seen: Record<string, string | string[] | undefined>[] = [];
  const upstream = createServer((request, response) => {
    seen.push(request.headers);
    response.end('the page');
  });
  let operator: Server;
  let nginx: ChildProcess;
  let url: string;
  let token: string;

  beforeAll(async () => {
    const platform = await createPlatform({ of: accessKey({ user: 'Jürgen', groups: ['dev', 'a,b'] }) });
    token = await platform.token();
    operator = createServer(getRequestListener(platform.app.fetch));
    const [gateway = 0] = await freePorts(1);
    const ports = { gateway, operator: await listen(operator), upstream: await listen(upstream) };
    const file = join(directory, 'nginx.conf');
    writeFileSync(file, configuration(ports, directory));
    nginx = spawn(program ?? '', ['-c', file, '-p', directory], { stdio: 'ignore' });
    url = `http://127.0.0.1:${ports.gateway}`;
    await poll('nginx to listen', () =>
      fetch(url).then(
        () => true,
        () => false,
      ),
    );
  });
  afterAll(async () => {
    nginx?.kill();
    upstream.close();
    operator?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it('passes a request with a token on with user and groups, and without forged headers', async () => {
    const headers = {
      authorization: `Bearer ${token}`,
      'x-auth-request-user': 'root',
      'x-auth-request-groups': 'admins',
    };
    const answer = await fetch(`${url}/cart?x=1`, { method: 'POST', headers, body: 'x' });
    expect([answer.status, await answer.text()]).toEqual([200, 'the page']);
    expect(seen.at(-1)).toMatchObject({ 'x-auth-request-user': 'J%C3%BCrgen', 'x-auth-request-groups': 'dev,a%2Cb' });
    expect(seen.at(-1)).not.toHaveProperty('authorization');
  });

  it.each([
    {},
    { authorization: 'Bearer x' },
    { authorization: 'Bearer' },
    { authorization: 'Bearer x y' },
    { authorization: 'Bearer x, Bearer x' },
    { authorization: 'Basic !' },
  ])('rejects a request with %j and sends the challenge of the operator', async (headers) => {
    const before = seen.length;
    const answer = await fetch(url, { headers });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer realm="ghippo.io"/);
    expect(seen.length).toBe(before);
  });

  it('does not answer two Authorization headers with 500', async () => {
    const before = seen.length;
    expect([400, 401]).toContain(await askTwice(url, '/'));
    const { port } = operator.address() as AddressInfo;
    expect(await askTwice(`http://127.0.0.1:${port}`, '/oauth2/auth')).toBe(401);
    expect(seen.length).toBe(before);
  });
});
