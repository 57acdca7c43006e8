/** What a kube-apiserver would not accept about a token (pure). */
import { unverifiedClaims } from '../token/response.ts';

/** @returns reasons why kube-apiserver cannot accept the token with any configuration */
export function loginWarnings(token: string): string[] {
  const claims = unverifiedClaims(token) ?? {};
  const [header = ''] = token.split('.', 1);
  const { alg } = unverifiedClaims(`.${header}`) ?? {};
  const warnings = [
    (alg === 'EdDSA' || alg === 'Ed25519') && `kube-apiserver rejects tokens signed with ${alg}`,
    claims.aud === undefined &&
      'kube-apiserver requires an audience: set --audience, or token.audience of the operator',
    URL.parse(String(claims.iss))?.protocol !== 'https:' &&
      'kube-apiserver requires an issuer with https: set token.issuer of the operator',
  ];
  return warnings.filter((warning) => warning !== false);
}
