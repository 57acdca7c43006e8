import { getCookie, setCookie } from 'hono/cookie';
import { createMiddleware } from 'hono/factory';
import type { Assets } from '../common/assets.ts';
import { isLanguage, type Language, negotiateLanguage, translator } from '../common/language.ts';
import { type Theme, themes, type View } from '../common/view.ts';
import type { ConsoleEnvironment, PageContext } from './dependencies.ts';

const languageCookie = 'accesskey-language';
const themeCookie = 'accesskey-theme';
const yearSeconds = 31_536_000;

/**
 * Creates the view of each page: language from the cookie or Accept-Language, theme from the cookie. `?lang=` and `?theme=`
 * set the cookies and redirect to the same page without them.
 */
export function preferences(assets: Assets, secure: boolean) {
  return createMiddleware<ConsoleEnvironment>(async (context, next) => {
    const url = new URL(context.req.url);
    const { lang, theme } = context.req.query();
    const setPreference = (name: string, value: string) =>
      setCookie(context, name, value, { path: '/', httpOnly: true, secure, sameSite: 'Lax', maxAge: yearSeconds });
    if (isLanguage(lang)) setPreference(languageCookie, lang);
    if (isTheme(theme)) setPreference(themeCookie, theme);
    url.searchParams.delete('lang');
    url.searchParams.delete('theme');
    const path = url.pathname + url.search;
    if (context.req.method === 'GET' && (lang !== undefined || theme !== undefined)) return context.redirect(path, 303);
    const isFormResponse = context.req.method === 'POST';
    context.set('view', { ...viewOf(context, assets), path: isFormResponse ? pageOf(path) : path, isFormResponse });
    return next();
  });
}

/** @returns the view of a page in the language and theme of the browser */
export function viewOf(context: PageContext, assets: Assets): View {
  const language = languageOf(getCookie(context, languageCookie), context.req.header('Accept-Language'));
  const theme = themeOf(getCookie(context, themeCookie));
  return {
    language,
    t: translator(language),
    theme,
    path: undefined,
    isFormResponse: false,
    account: undefined,
    assets,
  };
}

/** @returns the page of a form, to which the switches in the response to the form return */
function pageOf(path: string): string {
  if (path === '/logout') return '/login';
  return path.replace(/^(\/personal-center\/access-keys)\/(?:[^/]+\/(?:enable|disable)|reveal)$/, '$1');
}

function languageOf(cookie: string | undefined, header: string | undefined): Language {
  return isLanguage(cookie) ? cookie : negotiateLanguage(header);
}

function isTheme(value: string | undefined): value is Theme {
  return themes.some((one) => one === value);
}

function themeOf(value: string | undefined): Theme {
  return isTheme(value) ? value : 'auto';
}
