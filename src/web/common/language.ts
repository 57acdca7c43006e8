import { parseWeighted } from '../../http/common/weighted.ts';
import { en } from '../messages/en.ts';
import { zh } from '../messages/zh.ts';

/** Languages of the pages, as tags (RFC 5646). */
export const languages = ['en', 'zh-CN'] as const;
export type Language = (typeof languages)[number];

export type MessageKey = keyof typeof en;
/** Returns a message with its `{placeholders}` replaced. */
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
 * Chooses the most preferred supported language of an Accept-Language header (RFC 9110 section 12.5.4), English if it has
 * none. Every variant of Chinese gets Simplified Chinese.
 */
export function negotiateLanguage(header = ''): Language {
  const accepted = parseWeighted(header).filter(({ weight }) => weight > 0);
  const preferred = accepted.sort((a, b) => b.weight - a.weight).find(({ name }) => /^(?:zh|en)\b/.test(name));
  return preferred?.name.startsWith('zh') ? 'zh-CN' : 'en';
}
