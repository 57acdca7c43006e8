import { readFile } from 'node:fs/promises';
import { createLimitedFetch, type LimitedFetch, type LimitedFetchOptions } from './limited-fetch.ts';

export interface ConnectionOptions extends Omit<LimitedFetchOptions, 'ca'> {
  /** PEM file with the CAs to trust; if unset, those of Node. */
  caFile: string | undefined;
}

/** Requests to one server. */
export interface Connection {
  /**
   * Reads the CA file for each request, because it may have been renewed.
   *
   * @throws TypeError with the reason as its cause if there is no response, as fetch does; also if the CA file cannot be read
   */
  fetch: LimitedFetch;
  close(): Promise<void>;
}

/** Creates a connection that is replaced when the content of the CA file changes. */
export function createConnection({ caFile, ...limits }: ConnectionOptions): Connection {
  let current: (ReturnType<typeof createLimitedFetch> & { ca: string | undefined }) | undefined;

  async function connected() {
    const ca = caFile === undefined ? undefined : await readCA(caFile);
    if (current && current.ca === ca) return current;
    // Requests in flight end before their connections are closed.
    current?.close().catch(() => undefined);
    current = { ...createLimitedFetch({ ...limits, ca }), ca };
    return current;
  }

  return {
    fetch: async (url, options) => (await connected()).fetch(url, options),
    close: async () => current?.close(),
  };
}

async function readCA(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const cause = new Error(`cannot read ${file}: ${(error as NodeJS.ErrnoException).code}`);
    throw new TypeError('fetch failed', { cause });
  }
}
