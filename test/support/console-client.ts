import { cookiesOf } from './cookie-browser.ts';

/** A client of the pages without a browser, which controls every detail of a request. */
export interface ConsoleClient {
  /** Cookie header of the session. */
  cookie: string;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  /** Sends a form with the CSRF token of the session. */
  post(path: string, fields: Record<string, string>, headers?: Record<string, string>): Promise<Response>;
  /** @returns the value of a hidden form field on a page */
  hidden(path: string, name: string): Promise<string>;
}

/** Sends a form as a page of the same origin does. */
export function sendForm(
  url: string,
  fields: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams(fields),
    headers: { Origin: new URL(url).origin, ...headers },
  });
}

/** Signs in with the fields of the form. */
export async function signIn(url: string, fields: Record<string, string>): Promise<ConsoleClient> {
  const answer = await sendForm(`${url}/login`, fields);
  if (answer.status !== 303) throw new Error(`signing in: ${answer.status}`);
  return clientOf(url, cookiesOf(answer));
}

export function clientOf(url: string, cookie: string): ConsoleClient {
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(url + path, { redirect: 'manual', headers: { cookie, ...headers } });
  async function hidden(path: string, name: string): Promise<string> {
    const text = await (await get(path)).text();
    return new RegExp(`name="${name}" value="([^"]*)"`).exec(text)?.[1] ?? '';
  }
  return {
    cookie,
    get,
    hidden,
    async post(path, fields, headers = {}) {
      const form_token = await hidden('/personal-center/access-keys', 'form_token');
      return sendForm(url + path, { form_token, ...fields }, { cookie, ...headers });
    },
  };
}
