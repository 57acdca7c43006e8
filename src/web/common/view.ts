import type { Assets } from './assets.ts';
import type { Language, Translate } from './language.ts';

export const themes = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

/** The signed-in person, as the header of a page shows them. */
export interface Account {
  name: string;
  /** CSRF token for the forms of the session. */
  formToken: string;
  /** How the person signs out: with a form; behind an authenticating proxy, at its URL, or not in the console. */
  signOut: 'form' | 'none' | { url: string };
}

/** What every page is rendered with: the language and theme of the browser, and the signed-in account. */
export interface View {
  language: Language;
  t: Translate;
  theme: Theme;
  /** The page that the language and theme switches open; undefined if they would lose what the page shows. */
  path: string | undefined;
  /** Whether the page is the response to a form, and so already has the input of the form. */
  isFormResponse: boolean;
  account: Account | undefined;
  assets: Assets;
}

/** @returns one or two initials of a name, for the avatar */
export function initialsOf(name: string): string {
  const last = name.split(':').at(-1) ?? name;
  const words = (last.split('@')[0] ?? last).split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '');
  const letters = words.length > 1 ? words.slice(0, 2).map((word) => [...word][0]) : [...(words[0] ?? '?')].slice(0, 2);
  return letters.join('').toUpperCase();
}

/** Formats a time to the minute, in UTC, the same in both languages. */
export function formatMinute(time: string | number): string {
  return `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
