import { type Fact, type Finding, failed, listed, ok, skipped } from './finding.ts';

/** The part of a JWK that is compared. */
export interface PublicKey {
  readonly kid?: string;
}

/** What verifiers see. */
export interface IssuerFacts {
  /** Keys of the operator itself. */
  readonly keys: Fact<readonly PublicKey[]>;
  /** `issuer` of the operator's own discovery document; notFound if token.issuer is no https URL. */
  readonly issuer: Fact<string>;
  /** Discovery document at the URL of the issuer, read from this machine. */
  readonly discovery: Fact<{ readonly issuer: string; readonly jwksUri: string }>;
  /** Keys at its jwks_uri. */
  readonly publishedKeys: Fact<readonly PublicKey[]>;
  /** kids of the Secret of the signing keys. */
  readonly storedKids: Fact<readonly string[]>;
}

/** Checks that the operator serves keys, and that they are those in its Secret. */
export function checkKeys({ keys, storedKids }: IssuerFacts): Finding {
  const check = 'signing keys';
  if (!('value' in keys)) {
    const advice = 'Set --server to the URL of the API of the operator, and --ca-file if its certificate is private.';
    return keys.missing === 'unavailable' ? failed(check, keys.reason, advice) : skipped(check, keys.reason, advice);
  }
  const kids = kidsOf(keys.value);
  if (kids.length === 0) return failed(check, 'the operator serves no keys', 'See docs/signing-keys.md.');
  if (!('value' in storedKids)) return ok(check, `the operator serves ${kids.length} keys: ${listed(kids)}`);
  const different = difference(kids, storedKids.value);
  if (different.length === 0) return ok(check, `the operator serves the ${kids.length} keys of its Secret`);
  const message = `the served keys are not those of the Secret: ${listed(different)}`;
  return failed(check, message, 'See docs/signing-keys.md; is another operator behind this URL?');
}

/** Checks that verifiers find the same keys at the URL of the issuer. */
export function checkDiscovery({ keys, issuer, discovery, publishedKeys }: IssuerFacts): Finding {
  const check = 'issuer';
  if (!('value' in issuer)) {
    if (issuer.missing !== 'notFound') return skipped(check, issuer.reason);
    const message = 'token.issuer is not an https URL, so there is no discovery; verifiers need the URL of the keys';
    return skipped(
      check,
      message,
      'Set token.issuer to the https URL of the API if verifiers such as kube-apiserver need it.',
    );
  }
  const url = issuer.value;
  const reach = `Verifiers must reach ${url}/.well-known/openid-configuration: check DNS, Ingress and certificate.`;
  if (!('value' in discovery)) return failed(check, discovery.reason, reach);
  if (discovery.value.issuer !== url) {
    const message = `the document at ${url} names the issuer ${discovery.value.issuer}, and verifiers reject it`;
    return failed(check, message, 'Set token.issuer to the URL at which the API is published, or fix the Ingress.');
  }
  if (!('value' in publishedKeys)) return failed(check, publishedKeys.reason, reach);
  if (!('value' in keys)) return skipped(check, `${url} is reachable, but ${keys.reason}`);
  const different = difference(kidsOf(keys.value), kidsOf(publishedKeys.value));
  if (different.length === 0) return ok(check, `${url} publishes the keys of the operator`);
  const message = `${discovery.value.jwksUri} and the operator have different keys: ${listed(different)}`;
  return failed(check, message, 'Fix the Ingress or its cache: tokens of the operator are rejected by verifiers.');
}

/** The result of verifying the token of --token-file. */
export type TokenVerification =
  | { readonly outcome: 'valid'; readonly kid: string; readonly expiresAt: string }
  | { readonly outcome: 'invalid' | 'unreadable'; readonly reason: string };

export function checkToken(token: Fact<TokenVerification>): Finding {
  const check = 'token';
  if (!('value' in token)) return skipped(check, token.reason);
  const { value } = token;
  if (value.outcome === 'valid') return ok(check, `signed by key ${value.kid}, expires at ${value.expiresAt}`);
  if (value.outcome === 'unreadable')
    return failed(check, value.reason, 'Set --token-file to a file that you can read.');
  return failed(check, value.reason, 'Get a new token; kubectl accesskey token inspect explains more.');
}

function kidsOf(keys: readonly PublicKey[]): string[] {
  return keys.flatMap(({ kid }) => kid ?? []);
}

/** @returns the values that only one of the lists has */
function difference(one: readonly string[], other: readonly string[]): string[] {
  return [...one.filter((value) => !other.includes(value)), ...other.filter((value) => !one.includes(value))];
}
