import { checkToken } from '../http/common/bearer.ts';
import type { Dependencies } from '../http/common/dependencies.ts';
import { ConsoleError } from '../web/common/console-error.ts';
import { type ReviewToken, unverifiedClaims } from '../web/session/identity.ts';

/**
 * Verifies tokens that this operator issued before the cluster reviews them: a kube-apiserver that trusts the operator
 * accepts a token until it expires, also after its key pair has stopped working or has revoked it.
 *
 * @returns a review that rejects invalid tokens of this operator; it throws ConsoleError 503 until the signing keys are
 * loaded
 */
export function createOwnTokenCheck(review: ReviewToken, dependencies: Dependencies): ReviewToken {
  return async (token, address, limit) => {
    if (unverifiedClaims(token).iss !== dependencies.token.issuer) return review(token, address, limit);
    if (!dependencies.signingKeys()) throw new ConsoleError('errorSignInUnavailable', {}, 503);
    const checked = await checkToken(token, { address, acceptListed: true, dependencies });
    return 'refused' in checked ? undefined : review(token, address, limit);
  };
}
