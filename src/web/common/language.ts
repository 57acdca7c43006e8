import { en } from '../messages/en.ts';
import { zh } from '../messages/zh.ts';

/** Languages of the pages, by their tags (RFC 5646). */
export const languages = ['en', 'zh-CN'] as const;
export type Language = (typeof languages)[number];

export type MessageKey = keyof typeof en;
/** Gives a message with its `{placeholders}` filled in. */
export type Translate = (key: MessageKey, values?: Readonly<Record<string, string | number>>) => string;

const messages: Record<Language, Readonly<Record<MessageKey, string>>> = { en, 'zh-CN': zh };

export function translator(language: Language): Translate {
  return (key, values = {}) =>
    messages[language][key].replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

export function isLanguage(value: string | undefined): value is Language {
  return languages.some((one) => one === value);
}

/**
 * Chooses by Accept-Language (RFC 9110 section 12.5.4): the first of the preferred ones that there is. Any Chinese is
 * answered with Simplified Chinese, rather than with English.
 */
export function negotiate(header: string | undefined): Language {
  const preferred = (header ?? '')
    .split(',')
    .slice(0, 20)
    .map(toPreference)
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality);
  for (const { tag } of preferred) {
    if (/^zh\b/i.test(tag)) return 'zh-CN';
    if (/^en\b/i.test(tag)) return 'en';
  }
  return 'en';
}

function toPreference(part: string): { tag: string; quality: number } {
  const [tag = '', ...parameters] = part.split(';').map((one) => one.trim());
  const quality = parameters.find((one) => /^q=/i.test(one))?.slice(2);
  return { tag, quality: quality === undefined ? 1 : Number(quality) || 0 };
}
