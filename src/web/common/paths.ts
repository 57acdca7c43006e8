/** The list of key pairs; the paths of their forms begin with it. */
export const accessKeysPath = '/personal-center/access-keys';

/** Where sign-in and `/` lead. */
export const homePath = accessKeysPath;
