import { createHash } from 'node:crypto';
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { LRUCache } from 'lru-cache';
import { open, seal } from '../session/seal.ts';
import type { SessionKeys } from '../session/session.ts';
import { type Flow, flowMs, flowSchema } from './flow.ts';

/** Sign-ins that one browser may have started at the same time, in several tabs. Older ones are removed. */
const maxFlows = 4;
/** Used states that a replica knows. Each entry is a started sign-in. */
const maxUsed = 10_000;

/** The cookies that keep started sign-ins, one for each, so that several tabs do not disturb each other. */
export interface FlowCookies {
  write(context: Context, flow: Flow, keys: SessionKeys): Promise<void>;
  /**
   * Removes the flow of a state from the browser. A copy of the cookie does not work again, at least at this replica: each
   * callback can cause a request to the provider.
   *
   * @returns the flow, or undefined if this browser has not started it, or if it was used or has expired
   */
  take(context: Context, state: string, keys: SessionKeys, now: number): Promise<Flow | undefined>;
}

/** @param secure whether browsers use HTTPS, see createSessionCookie */
export function createFlowCookies(secure: boolean): FlowCookies {
  const prefix = `${secure ? '__Host-' : ''}accesskey-sign-in-`;
  // Lax, because the provider's redirect is a navigation from another site.
  const attributes = { path: '/', httpOnly: true, secure, sameSite: 'Lax' } as const;
  const used = new LRUCache<string, true>({ max: maxUsed, ttl: flowMs });
  const nameOf = (state: string) => prefix + createHash('sha256').update(state).digest('base64url').slice(0, 16);

  async function read(sealed: string, keys: SessionKeys): Promise<Flow | undefined> {
    const parsed = flowSchema.safeParse(await open(sealed, keys.flow));
    return parsed.success ? parsed.data : undefined;
  }

  /** Removes the oldest flows, and those that cannot be read. */
  async function removeOldest(context: Context, keys: SessionKeys): Promise<void> {
    const cookies = Object.entries(getCookie(context)).filter(([name]) => name.startsWith(prefix));
    const ages = await Promise.all(
      cookies.map(async ([name, sealed]) => ({ name, expiresAt: (await read(sealed, keys))?.expiresAt ?? 0 })),
    );
    const oldest = ages.sort((a, b) => b.expiresAt - a.expiresAt).slice(maxFlows - 1);
    for (const { name } of oldest) deleteCookie(context, name, attributes);
  }

  return {
    async write(context, flow, keys) {
      await removeOldest(context, keys);
      const sealed = await seal(flow, keys.flow);
      setCookie(context, nameOf(flow.state), sealed, { ...attributes, maxAge: flowMs / 1000 });
    },
    async take(context, state, keys, now) {
      const name = nameOf(state);
      const sealed = getCookie(context, name);
      if (sealed === undefined) return undefined;
      deleteCookie(context, name, attributes);
      const flow = await read(sealed, keys);
      if (flow?.state !== state || now >= flow.expiresAt || used.has(state)) return undefined;
      used.set(state, true);
      return flow;
    },
  };
}
