/** Derives the name of a new AccessKey from the user name, as an RFC 1123 label. */
export function accessKeyNameFor(user: string): string {
  const last = user.split(':').at(-1) ?? user;
  const name = last
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/^-+|-+$/g, '');
  return name === '' ? 'access-key' : name;
}
