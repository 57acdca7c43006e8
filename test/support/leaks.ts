/** Searches texts for leaked secrets. */

/** JWS in compact form (RFC 7515 section 7.1). */
const signedToken = /\beyJ[\w-]+\.[\w-]+\.[\w-]+/;
/**
 * The signature of a token: 342 characters of base64url with RS256, 86 with ES256 and EdDSA. Any text of this length with
 * mixed case counts as a signature, since names in Kubernetes have no capitals.
 */
const signature = /(?<![\w-])(?=[\w-]*[A-Z])(?=[\w-]*[a-z])(?=[\w-]*\d)[\w-]{86}/;

/**
 * Searches for secret keys, plain or in base64, and for tokens or their signatures.
 *
 * @param places texts by the name of their place
 * @returns the kind and place of each leak, without the secret itself
 */
export function leaksIn(places: Readonly<Record<string, string>>, secretKeys: Iterable<string>): string[] {
  const forms = [...secretKeys].flatMap((key) => [key, ...base64Forms(key)]);
  return Object.entries(places).flatMap(([place, text]) => [
    ...(forms.some((form) => text.includes(form)) ? [`a secret key is in the ${place}`] : []),
    ...(signedToken.test(text) || signature.test(text) ? [`a token is in the ${place}`] : []),
  ]);
}

/** @returns the three base64 forms of a text within a longer one, such as the sk in `ak:sk`, which depend on its offset */
function base64Forms(text: string): string[] {
  return [0, 1, 2].map((before) => {
    const encoded = Buffer.from(' '.repeat(before) + text).toString('base64');
    // The first and last characters contain bits of the surrounding text.
    const first = Math.ceil((before * 4) / 3);
    return encoded.slice(first, Math.floor(((before + text.length) * 4) / 3));
  });
}
