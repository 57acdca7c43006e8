/** Pages that one can come back to after signing in. */
const pages = /^\/(?:personal-center(?:\/[\w/-]*)?|deployments)$/;
export const homePath = '/personal-center/access-keys';

/**
 * Where to go after signing in: the page that was asked for, when it is one of ours. Anything else, another host above
 * all, leads home.
 */
export function returnPath(wanted: string | undefined): string {
  // What is no path of ours to the letter is not parsed at all: parsers disagree about slashes, backslashes and blanks.
  if (wanted === undefined || !/^\/[\w-][\w/?=&%.~-]*$/.test(wanted)) return homePath;
  const [path = '', query] = wanted.split('?', 2);
  if (!pages.test(path)) return homePath;
  return query === undefined ? path : `${path}?${query}`;
}
