import { randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { ProviderError } from '../oidc/provider-error.ts';
import type { SessionCookie } from '../session/cookie.ts';
import { expiryOfToken } from '../session/identity.ts';
import {
  type CookieSession,
  openSession,
  type Session,
  type SessionKeys,
  type SignedOnSession,
  sealSession,
} from '../session/session.ts';
import { type ConsoleDependencies, isScriptRequest, type PageContext } from './dependencies.ts';

/** A use of the session is written to the cookie at most this often, milliseconds, or each tenth of the idle timeout. */
const maxUseStepMs = 60_000;

/** How long the cookie outlives its session, so that the sign-in page can say that the session has ended. */
const endedMs = 24 * 3_600_000;

/** Limit of the signed-out sessions that are remembered. */
const maxSignedOut = 10_000;

/** What a session is created with. */
export type SessionCredential = CookieSession extends infer One
  ? One extends CookieSession
    ? Omit<One, 'id' | 'expiresAt' | 'usedAt'>
    : never
  : never;

/** Starts the sessions of browsers and keeps them alive while they are used. */
export interface Sessions {
  /** Creates a session, with a new ID to prevent session fixation. */
  create(credential: SessionCredential): CookieSession;
  /**
   * Writes the cookies of a session, unless it was signed out meanwhile: a request in flight must not bring back what the
   * sign-out has removed.
   *
   * @returns false if its credential is too long for them
   */
  write(context: PageContext, session: CookieSession, keys: SessionKeys): Promise<boolean>;
  /**
   * Opens the session of a request, refreshes its tokens if necessary, and records its use.
   *
   * @returns the session, or undefined if there is none or it has ended
   */
  open(context: PageContext, keys: SessionKeys): Promise<CookieSession | undefined>;
  /** Ends a session that was signed out, so that this replica accepts no copy of its cookie. */
  end(sessionId: string): void;
  /** @returns when the session ends unless it is used again, milliseconds since the epoch */
  endOf(session: Session): number;
}

export function createSessions(
  { options, singleSignOn, now }: Pick<ConsoleDependencies, 'options' | 'singleSignOn' | 'now'>,
  cookie: SessionCookie,
): Sessions {
  const { sessionMinutes, idleMinutes, endWithBrowser = false } = options;
  const signedOut = new LRUCache<string, true>({ max: maxSignedOut, ttl: sessionMinutes * 60_000 });
  const idleMs = idleMinutes === undefined ? Number.POSITIVE_INFINITY : idleMinutes * 60_000;

  async function write(context: PageContext, session: CookieSession, keys: SessionKeys): Promise<boolean> {
    const seconds = Math.max(0, Math.floor((session.expiresAt - now() + endedMs) / 1000));
    const sealed = await sealSession(session, keys);
    return signedOut.has(session.id) || cookie.write(context, sealed, endWithBrowser ? undefined : seconds);
  }

  /** @returns the session with valid tokens, or undefined if the provider has ended it */
  async function refreshed(session: CookieSession): Promise<CookieSession | undefined> {
    if (!isSignedOn(session) || now() < (session.sso.refreshAt ?? Number.POSITIVE_INFINITY)) return session;
    const result = await singleSignOn?.refresh(session);
    if (result === undefined || result instanceof ProviderError)
      return mayContinue(session, result) ? session : undefined;
    return result;
  }

  /** Without a new ID token, the API server decides whether the previous one is valid, and self-service by its expiry. */
  function mayContinue({ kind, token }: SignedOnSession, error: ProviderError | undefined): boolean {
    return kind === 'token' || error?.failure === 'unavailable' || now() < expiryOfToken(token);
  }

  /** Requests of the page's script are not a use: an open page must not keep a session alive. */
  function isNewUse(context: PageContext, { usedAt = 0 }: CookieSession): boolean {
    if (idleMs === Number.POSITIVE_INFINITY) return false;
    return !isScriptRequest(context) && now() - usedAt >= Math.min(maxUseStepMs, idleMs / 10);
  }

  const endOf = ({ expiresAt, usedAt }: Session) => Math.min(expiresAt, (usedAt ?? now()) + idleMs);

  return {
    endOf,
    end: (sessionId) => void signedOut.set(sessionId, true),
    write,
    create(credential) {
      const id = randomBytes(16).toString('base64url');
      const expiresAt = endOfCredential(credential, now() + sessionMinutes * 60_000);
      return { id, expiresAt, usedAt: now(), ...credential };
    },
    async open(context, keys) {
      const sealed = cookie.read(context);
      const opened = sealed === undefined ? undefined : await openSession(sealed, keys, now());
      if (!opened || now() >= endOf(opened) || signedOut.has(opened.id)) return undefined;
      const session = await refreshed(opened);
      if (!session) return undefined;
      const used = isNewUse(context, session) ? { ...session, usedAt: now() } : session;
      if (used !== opened) await write(context, used, keys);
      return signedOut.has(used.id) ? undefined : used;
    },
  };
}

/** @returns the end of a session: that of its token if it cannot be refreshed */
function endOfCredential(credential: SessionCredential, maxExpiry: number): number {
  if (credential.kind !== 'token' || credential.sso?.refreshToken !== undefined) return maxExpiry;
  return Math.min(maxExpiry, expiryOfToken(credential.token));
}

function isSignedOn(session: CookieSession): session is SignedOnSession {
  return session.kind !== 'pair' && session.sso !== undefined;
}
