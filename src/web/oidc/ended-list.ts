/** The list of ended sign-ons, as all replicas share it. Pure. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { SingleSignOn } from '../session/session.ts';
import type { EndedSignOn } from './logout-token.ts';

/** Entries fit into a Secret. Beyond this, `endedBefore` replaces the oldest ones, and more sessions end than necessary. */
export const maxEntries = 5_000;

const schema = z.strictObject({
  /** All sign-ons before this time have ended, milliseconds since the epoch. */
  endedBefore: z.number(),
  /** Hash of sid or sub, when it ended, and when no session can be left. */
  entries: z.array(z.tuple([z.string(), z.number(), z.number()])).max(maxEntries),
});
export type EndedList = z.infer<typeof schema>;

/** @returns undefined for invalid content */
export function parseEndedList(text: string): EndedList | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/**
 * Adds an ended sign-on, and removes entries without sessions. Logout tokens can arrive in any order, and twice: an
 * entry never ends fewer sessions than before.
 *
 * @param expiresAt when the last session of the sign-on has ended in any case
 */
export function addEnded(list: EndedList, ended: EndedSignOn, expiresAt: number, now: number): EndedList {
  const hash = hashOfEnded(ended);
  const others = list.entries.filter(([one, , end]) => one !== hash && end > now);
  const [, at = ended.at, end = expiresAt] = list.entries.find(([one]) => one === hash) ?? [];
  const entry: EndedList['entries'][number] = [hash, Math.max(at, ended.at), Math.max(end, expiresAt)];
  const entries = [...others, entry];
  const removed = entries.slice(0, Math.max(0, entries.length - maxEntries));
  const endedBefore = Math.max(list.endedBefore, ...removed.map(([, at]) => at));
  return { endedBefore, entries: entries.slice(removed.length) };
}

/** @returns a function that returns whether a sign-on has ended */
export function createEndedCheck({ endedBefore, entries }: EndedList): (signOn: SingleSignOn) => boolean {
  const byHash = new Map(entries.map(([hash, at]) => [hash, at]));
  return ({ sub, sid, signedInAt }) => {
    if (signedInAt <= endedBefore) return true;
    if (sid !== undefined && byHash.has(hashOf('sid', sid))) return true;
    return signedInAt <= (byHash.get(hashOf('sub', sub)) ?? Number.NEGATIVE_INFINITY);
  };
}

/** A logout token with a sid ends only that session, even if it also has a sub. */
function hashOfEnded({ sub = '', sid }: EndedSignOn): string {
  return sid === undefined ? hashOf('sub', sub) : hashOf('sid', sid);
}

function hashOf(kind: 'sid' | 'sub', value: string): string {
  return createHash('sha256').update(`${kind} ${value}`).digest('base64url').slice(0, 22);
}
