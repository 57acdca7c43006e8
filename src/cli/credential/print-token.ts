import type { CliContext } from '../common/context.ts';
import { getToken, type TokenFlags } from './get-token.ts';

export interface PrintFlags extends TokenFlags {
  output?: 'token' | 'json';
}

/** Prints the token, or a token response of OAuth 2.0 (RFC 6749 section 5.1). */
export async function printToken(context: CliContext, flags: PrintFlags): Promise<void> {
  const { token, expiresAt } = await getToken(context, flags);
  const seconds = Math.max(0, Math.floor((expiresAt - context.now()) / 1000));
  const response = { access_token: token, token_type: 'Bearer', expires_in: seconds };
  context.stdout.write(flags.output === 'json' ? `${JSON.stringify(response, null, 4)}\n` : `${token}\n`);
}
