import type { Assets } from './assets.ts';
import type { Language, Translate } from './language.ts';

export const themes = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

/** Who is shown as signed in. */
export interface Account {
  name: string;
  /** Of the session, for its forms. */
  formToken: string;
}

/** What every page is made with. */
export interface View {
  language: Language;
  t: Translate;
  theme: Theme;
  /** Where the switches of language and appearance lead; undefined on a page that cannot be opened again. */
  path: string | undefined;
  account: Account | undefined;
  assets: Assets;
}

/** Up to two letters that stand for a name. */
export function initialsOf(name: string): string {
  const last = name.split(':').at(-1) ?? name;
  const words = (last.split('@')[0] ?? last).split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '');
  const letters = words.length > 1 ? words.slice(0, 2).map((word) => [...word][0]) : [...(words[0] ?? '?')].slice(0, 2);
  return letters.join('').toUpperCase();
}

/** A time for people, to the minute: the same in both languages. */
export function formatTime(time: string | number): string {
  return `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
