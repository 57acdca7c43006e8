/** The list of ended sign-ons, as all replicas share it. Pure. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { SingleSignOn } from '../session/session.ts';
import type { EndedSignOn } from './logout-token.ts';

/** Entries fit into a Secret. Beyond this, `endedBefore` replaces the oldest ones, and more sessions end than necessary. */
export const maxEntries = 5_000;
/** Entries with a sid of one user. Beyond this, one for the sub replaces them, so that a user cannot fill the list. */
export const maxPerUser = 20;

/** Hash of sid or sub, when it ended, and when no session can be left, milliseconds since the epoch. */
type Ended = [hash: string, at: number, end: number];

const schema = z.strictObject({
  /** All sign-ons before this time have ended, milliseconds since the epoch. */
  endedBefore: z.number(),
  entries: z.array(z.tuple([z.string(), z.number(), z.number()])).max(maxEntries),
});
/** Hash of the sub by that of the sid. */
const usersSchema = z.record(z.string(), z.string());

export interface EndedList extends z.infer<typeof schema> {
  /** Hash of the sub by that of the sid, for logout tokens that have both. */
  users: ReadonlyMap<string, string>;
}

/** The list as keys of the Secret. Replicas of an earlier version know only `ended`, and reject any other content of it. */
export interface StoredList {
  ended: string;
  users?: string | undefined;
}

/** @returns undefined if `ended` is not valid; without valid `users`, only the limit per user does not apply */
export function parseEndedList({ ended, users = '{}' }: StoredList): EndedList | undefined {
  const list = schema.safeParse(parseJson(ended)).data;
  return list && { ...list, users: new Map(Object.entries(usersSchema.safeParse(parseJson(users)).data ?? {})) };
}

export function formatEndedList({ users, ...list }: EndedList): { ended: string; users: string } {
  return { ended: JSON.stringify(list), users: JSON.stringify(Object.fromEntries(users)) };
}

/**
 * Adds an ended sign-on, and removes entries without sessions. Logout tokens can arrive in any order, and twice: an
 * entry never ends fewer sessions than before.
 *
 * @param expiresAt when the last session of the sign-on has ended in any case
 * @returns the same list if it already has the sign-on
 */
export function addEnded(list: EndedList, ended: EndedSignOn, expiresAt: number, now: number): EndedList {
  const { sub, sid, at } = ended;
  const [hash, user] = sid === undefined ? [hashOf('sub', sub ?? '')] : [hashOf('sid', sid), sub && hashOf('sub', sub)];
  if (list.entries.some(([one, known]) => one === hash && known >= at)) return list;
  const current = { ...list, entries: list.entries.filter(([, , end]) => end > now) };
  const users = user === undefined ? list.users : new Map(list.users).set(hash, user);
  const others = user === undefined ? current : limitUser(current, user);
  return limit({ ...others, users, entries: withEntry(others.entries, [hash, at, expiresAt]) });
}

/** @returns a function that returns whether a sign-on has ended */
export function createEndedCheck({
  endedBefore,
  entries,
}: Pick<EndedList, 'endedBefore' | 'entries'>): (signOn: SingleSignOn) => boolean {
  const byHash = new Map(entries.map(([hash, at]) => [hash, at]));
  return ({ sub, sid, signedInAt }) => {
    if (signedInAt <= endedBefore) return true;
    if (sid !== undefined && byHash.has(hashOf('sid', sid))) return true;
    return signedInAt <= (byHash.get(hashOf('sub', sub)) ?? Number.NEGATIVE_INFINITY);
  };
}

/** Replaces the entries of a user who has too many with one that ends the same sessions, and the user's earlier ones. */
function limitUser(list: EndedList, user: string): EndedList {
  const own = list.entries.filter(([hash]) => list.users.get(hash) === user);
  if (own.length < maxPerUser) return list;
  const others = list.entries.filter((entry) => !own.includes(entry));
  const [at, end] = [Math.max(...own.map(([, one]) => one)), Math.max(...own.map(([, , one]) => one))];
  return { ...list, entries: withEntry(others, [user, at, end]) };
}

/** Adds an entry, or extends the one with its hash, as the newest. */
function withEntry(entries: readonly Ended[], [hash, at, end]: Ended): Ended[] {
  const [, knownAt, knownEnd] = entries.find(([one]) => one === hash) ?? [hash, at, end];
  return [...entries.filter(([one]) => one !== hash), [hash, Math.max(knownAt, at), Math.max(knownEnd, end)]];
}

function limit({ endedBefore, entries, users }: EndedList): EndedList {
  const removed = entries.slice(0, Math.max(0, entries.length - maxEntries));
  const kept = entries.slice(removed.length);
  const hashes = new Set(kept.map(([hash]) => hash));
  return {
    endedBefore: Math.max(endedBefore, ...removed.map(([, at]) => at)),
    entries: kept,
    users: new Map([...users].filter(([sid]) => hashes.has(sid))),
  };
}

function hashOf(kind: 'sid' | 'sub', value: string): string {
  return createHash('sha256').update(`${kind} ${value}`).digest('base64url').slice(0, 22);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
