/** The cookie jar of a browser, for an app in memory. */

/** The origin of the pages. */
export const publicUrl = 'https://keys.example.org';

/** Keeps the cookies of responses and sends them with later requests. */
export type CookieBrowser = ReturnType<typeof createCookieBrowser>;

/** An app in memory: Hono, with any environment. */
interface App {
  request(url: string, init: RequestInit): Response | Promise<Response>;
}

/** @param jar values by name */
export function createCookieBrowser(app: App, jar = new Map<string, string>()) {
  async function request(path: string, init: RequestInit = {}): Promise<Response> {
    const response = await app.request(`${publicUrl}${path}`, {
      ...init,
      headers: { 'Sec-Fetch-Site': 'same-origin', ...init.headers, cookie: cookieHeader(jar) },
    });
    if (response.status === 401 && !response.headers.has('WWW-Authenticate'))
      throw new Error('a 401 has a challenge (RFC 9110 section 15.5.2)');
    storeCookies(jar, response);
    return response;
  }
  return {
    jar,
    get: (path: string, headers: Record<string, string> = {}) => request(path, { headers }),
    post: (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
      request(path, {
        method: 'POST',
        body: new URLSearchParams(fields),
        headers: { Origin: publicUrl, 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
      }),
    /** @returns a browser with the same cookies so far */
    copy: () => createCookieBrowser(app, new Map(jar)),
  };
}

/** @returns the cookies that a response sets, as a Cookie header */
export function cookiesOf(response: Response): string {
  const jar = new Map<string, string>();
  storeCookies(jar, response);
  return cookieHeader(jar);
}

function storeCookies(jar: Map<string, string>, response: Response): void {
  for (const line of response.headers.getSetCookie()) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    if (/Max-Age=0/i.test(line)) jar.delete(name);
    else jar.set(name, value);
  }
}

function cookieHeader(jar: ReadonlyMap<string, string>): string {
  return [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
}

/** @returns path and query of the Location header */
export function locationOf(response: Response): string {
  const location = response.headers.get('Location') ?? '';
  const url = new URL(location, publicUrl);
  return url.origin === publicUrl ? url.pathname + url.search : location;
}
