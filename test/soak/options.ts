import { parseArgs } from 'node:util';

export const usage = `Usage: npm run test:soak -- [options]

Replays a day of 24 hours in a shorter time, with a real control plane, and fails if memory, file descriptors or timers
grow over the second half, if a request fails unexpectedly, or if the operator writes although nothing changes.

  --minutes N            how long the day takes (default: 60)
  --access-keys N        AccessKeys with one key pair each (default: 5000)
  --tokens-per-second N  token requests (default: 200)
  --streams N            console sessions with an event stream (default: 20)
  --quiet-seconds N      how long the operator must not write at the end (default: 60)
  --help                 print this help
`;

export interface SoakOptions {
  minutes: number;
  accessKeys: number;
  tokensPerSecond: number;
  streams: number;
  quietSeconds: number;
}

const defaults = {
  minutes: { type: 'string', default: '60' },
  'access-keys': { type: 'string', default: '5000' },
  'tokens-per-second': { type: 'string', default: '200' },
  streams: { type: 'string', default: '20' },
  'quiet-seconds': { type: 'string', default: '60' },
  help: { type: 'boolean', default: false },
} as const;

/** @throws Error with a one-line message if an option is invalid */
export function readOptions(args: readonly string[]): SoakOptions | 'help' {
  const { values } = parseArgs({ args: [...args], options: defaults });
  if (values.help) return 'help';
  return {
    minutes: positive('minutes', values.minutes),
    accessKeys: wholeFrom('access-keys', values['access-keys'], 100),
    tokensPerSecond: positive('tokens-per-second', values['tokens-per-second']),
    streams: wholeFrom('streams', values.streams, 0),
    quietSeconds: positive('quiet-seconds', values['quiet-seconds']),
  };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new Error(`--${name} must be a number above 0, not "${text}"`);
}

function wholeFrom(name: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  throw new Error(`--${name} must be a whole number of at least ${least}, not "${text}"`);
}
