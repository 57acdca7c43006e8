import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/**
 * Finds free TCP ports on the loopback address. Another process may take a port before it is used; control-plane.ts
 * retries in this case.
 */
export async function freePorts(count: number): Promise<number[]> {
  // All are open at the same time, so that they differ.
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(
    servers.map((server) => {
      server.close();
      return once(server, 'close');
    }),
  );
  return ports;
}
