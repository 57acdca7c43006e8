import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { z } from 'zod';
import { open, seal } from './seal.ts';
import type { SessionKeys } from './session.ts';

/** A cookie that only the server can write and read: no link, script or other site can set its content. */
export interface SealedCookie<T> {
  /** Does nothing while the session keys are missing. */
  write(context: Context, value: T): Promise<void>;
  /** @returns the value, or undefined if it is missing, expired or was not written by the server */
  read(context: Context): Promise<T | undefined>;
  remove(context: Context): void;
}

export interface SealedCookieOptions<T> {
  /** Name without prefix. It is sealed too, so that no other cookie with the same key is accepted. */
  name: string;
  schema: z.ZodType<T>;
  seconds: number;
  /** Whether browsers use HTTPS. */
  secure: boolean;
  sessionKeys(): SessionKeys | undefined;
  /** Milliseconds since the epoch. */
  now: () => number;
}

export function createSealedCookie<T>(options: SealedCookieOptions<T>): SealedCookie<T> {
  const { schema, seconds, secure, sessionKeys, now } = options;
  const name = `${secure ? '__Host-' : ''}${options.name}`;
  const attributes = { path: '/', httpOnly: true, secure, sameSite: 'Lax' } as const;
  const envelope = z.strictObject({ name: z.literal(options.name), expiresAt: z.number(), value: schema });
  return {
    async write(context, value) {
      const keys = sessionKeys();
      if (!keys) return;
      const sealed = await seal({ name: options.name, expiresAt: now() + seconds * 1000, value }, keys.notice);
      setCookie(context, name, sealed, { ...attributes, maxAge: seconds });
    },
    async read(context) {
      const [sealed, keys] = [getCookie(context, name), sessionKeys()];
      if (sealed === undefined || !keys) return undefined;
      const parsed = envelope.safeParse(await open(sealed, keys.notice));
      return parsed.success && now() < parsed.data.expiresAt ? parsed.data.value : undefined;
    },
    remove: (context) => void deleteCookie(context, name, attributes),
  };
}
