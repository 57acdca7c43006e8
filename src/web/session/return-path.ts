import { homePath } from '../common/paths.ts';

/** Pages that sign-in can return to. */
const returnPages = /^\/(?:personal-center(?:\/[\w/-]*)?|deployments(?:\/[a-z0-9][\w.-]*){0,3}|platform-settings)$/;

/** @returns the requested path if it is a page of the console, otherwise the home page: never another host */
export function returnPath(requested: string | undefined): string {
  // Anything unusual is rejected before it is parsed: parsers disagree about slashes, backslashes and blanks.
  // A query has the characters that URLSearchParams writes.
  if (requested === undefined || !/^\/[\w-][\w/%.~-]*(?:\?[\w/?=&%.~+*-]*)?$/.test(requested)) return homePath;
  const [path = '', query] = requested.split('?', 2);
  if (!returnPages.test(path)) return homePath;
  return query === undefined ? path : `${path}?${query}`;
}
