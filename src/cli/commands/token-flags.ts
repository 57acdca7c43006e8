/** The flags with which commands select a credential and a token. */
import type { Command } from 'commander';

/** Adds the flags of `TokenFlags`, without those of the cluster. */
export function addTokenFlags(command: Command): Command {
  return addServerFlags(command)
    .option('--audience <audience>', 'audience of the token (default: that of the server)')
    .option('--lifetime <duration>', 'validity, such as 3d or 72h, in total whole days; only with a key pair')
    .option('--pair-directory <directory>', 'directory with the files ak and sk, such as a mounted Secret')
    .option('--access-key <ak>', 'access key; requires --secret-key-file or --keyring')
    .option('--secret-key-file <file>', 'file with the secret key, or - for standard input')
    .option('--keyring', 'the secret key is in the keyring of the system')
    .option(
      '--subject-token-file <file>',
      'file with a ServiceAccount or CI token to exchange, or - for standard input',
    )
    .option('--refresh', 'request a new token even if one is cached');
}

/** Adds the flags with which commands reach the token server. */
export function addServerFlags(command: Command): Command {
  return command
    .option(
      '--server <url>',
      'URL of the API of accesskey-operator (default: $ACCESSKEY_URL, or that of the login in the current context)',
    )
    .option('--ca-file <file>', 'PEM file of the certificate authorities of the server (default: those of Node)')
    .option('--allow-plain-http', 'allow http to other addresses than loopback');
}

const variables = `  ACCESS_KEY, SECRET_KEY        key pair
  PAIR_DIRECTORY                as --pair-directory
  ACCESSKEY_SUBJECT_TOKEN       token to exchange
  ACCESSKEY_SUBJECT_TOKEN_FILE  as --subject-token-file
  ACCESSKEY_URL                 as --server`;

/** Explains the environment variables; part of the help of several commands. */
export const environmentHelp = `
Environment variables, used if no PAIR and no flag names a credential:
${variables}`;

/** The same for a command without the argument PAIR. */
export const environmentHelpWithoutPair = `
Environment variables, used if no flag names a credential:
${variables}`;
