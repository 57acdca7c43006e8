import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/**
 * Above 10080, the highest port that fetch and browsers refuse (WHATWG Fetch, "port blocking"). Below the ports that Linux
 * and macOS give to outgoing connections and to listeners of port 0, which could take a port before it is used, and below
 * the node ports of Kubernetes.
 */
export const firstPort = 11_000;
const lastPort = 29_999;

/**
 * Finds free TCP ports on the loopback address. In the rare case that another process takes one before it is used,
 * control-plane.ts retries.
 */
export async function freePorts(count: number): Promise<number[]> {
  const servers: Server[] = [];
  const ports: number[] = [];
  // All are open at the same time, so that they differ.
  while (ports.length < count) {
    const port = firstPort + Math.floor(Math.random() * (lastPort - firstPort + 1));
    const server = await listenOn(port);
    if (server) ports.push(port) && servers.push(server);
  }
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

/** @returns undefined if the port is in use */
async function listenOn(port: number): Promise<Server | undefined> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
    return server;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined;
    throw error;
  }
}
