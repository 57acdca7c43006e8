/** Looks for secrets where none may be. */

/** JWS in compact form (RFC 7515 section 7.1). */
const signedToken = /\beyJ[\w-]+\.[\w-]+\.[\w-]+/;
/**
 * The signature of a token by itself: 342 characters of base64url with RS256, 86 with ES256 and EdDSA. Whatever is so
 * long and mixed is taken for one; names in Kubernetes have no capitals.
 */
const signature = /(?<![\w-])(?=[\w-]*[A-Z])(?=[\w-]*[a-z])(?=[\w-]*\d)[\w-]{86}/;

/**
 * Looks for secret keys, plain or in base64, and for tokens or their signatures.
 *
 * @param places texts by the name of the place where they stand
 * @returns what was found and where, never the secret itself
 */
export function leaksIn(places: Readonly<Record<string, string>>, secretKeys: Iterable<string>): string[] {
  const forms = [...secretKeys].flatMap((key) => [key, ...base64Forms(key)]);
  return Object.entries(places).flatMap(([place, text]) => [
    ...(forms.some((form) => text.includes(form)) ? [`a secret key is in the ${place}`] : []),
    ...(signedToken.test(text) || signature.test(text) ? [`a token is in the ${place}`] : []),
  ]);
}

/** What a text becomes in base64, also inside of a longer one, as the sk in `ak:sk`: it depends on where it begins. */
function base64Forms(text: string): string[] {
  return [0, 1, 2].map((before) => {
    const encoded = Buffer.from(' '.repeat(before) + text).toString('base64');
    // The first and the last characters hold bits of what stands beside it.
    const first = Math.ceil((before * 4) / 3);
    return encoded.slice(first, Math.floor(((before + text.length) * 4) / 3));
  });
}
