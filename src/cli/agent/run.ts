/** The command `agent`: wires the agent to the process. */
import { type Logger, pino } from 'pino';
import { printableJSON } from '../../kube/printable.ts';
import type { CliContext } from '../common/context.ts';
import { CliError } from '../common/failure.ts';
import { readCA } from '../token/ca-file.ts';
import type { Credential, TokenTerms } from '../token/request.ts';
import { requestToken } from '../token/request-token.ts';
import { parseServer, serverVariable } from '../token/server.ts';
import { TokenError } from '../token/token-error.ts';
import { type Agent, createAgent } from './agent.ts';
import { createAgentMetrics } from './metrics.ts';
import { type AgentFlags, type AgentOptions, parseAgentOptions } from './options.ts';
import { startStatusServer } from './status-server.ts';

/** The flags of the command. */
export interface AgentCommandFlags extends AgentFlags {
  readonly server?: string;
  readonly allowPlainHttp?: boolean;
  readonly caFile?: string;
  readonly audience?: string;
}

/** The validated flags. */
interface Settings {
  readonly options: AgentOptions;
  readonly terms: TokenTerms;
  readonly caFile: string | undefined;
}

/**
 * Keeps a token in a file until the process is asked to end, or writes it once.
 *
 * @throws TokenError for invalid flags
 * @throws CliError if `--once` did not get a token in time, or the command or signal failed
 */
export async function runAgent(context: CliContext, flags: AgentCommandFlags): Promise<void> {
  const settings = parseSettings(flags, context);
  const hooks = { streamWrite: printableJSON };
  const log = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime, hooks }, context.stderr);
  const metrics = createAgentMetrics();
  const agent = createAgent({
    options: settings.options,
    requestToken: tokenRequest(settings, context),
    metrics,
    log,
    now: context.now,
    monotonic: () => performance.now(),
    random: Math.random,
    environment: context.env,
    kill: context.kill,
  });
  if (settings.options.once) await writeOnce(agent, settings.options, context);
  else await keep({ agent, registry: metrics.registry, address: settings.options.metricsAddress, log }, context);
}

function parseSettings(flags: AgentCommandFlags, { env }: CliContext): Settings {
  const { server = env[serverVariable], allowPlainHttp = false, caFile, audience } = flags;
  const options = parseAgentOptions(flags, env);
  if (!server) throw new TokenError('usage', `--server or the variable ${serverVariable} is required`);
  const from = flags.server === undefined ? serverVariable : '--server';
  return { options, terms: { server: parseServer(server, allowPlainHttp, from), audience }, caFile };
}

/** The CA file is read for each request, because it may be renewed. */
function tokenRequest({ terms, caFile }: Settings, { env, now }: CliContext) {
  return async (credential: Credential, signal: AbortSignal) => {
    return requestToken(credential, terms, { ca: await readCA(caFile), env, now, signal });
  };
}

async function writeOnce(agent: Agent, { timeoutMs }: AgentOptions, { signal }: CliContext): Promise<void> {
  const limits = timeoutMs === undefined ? [signal] : [signal, AbortSignal.timeout(timeoutMs)];
  const refreshed = await agent.runOnce(AbortSignal.any(limits));
  if (refreshed?.notified) return;
  if (refreshed) throw new CliError('the token was written, but --exec or --signal failed');
  throw new CliError(signal.aborted ? 'ended before there was a token' : '--timeout has passed without a token');
}

interface Keeping {
  readonly agent: Agent;
  readonly registry: Parameters<typeof startStatusServer>[1]['registry'];
  readonly address: AgentOptions['metricsAddress'];
  readonly log: Logger;
}

async function keep({ agent, registry, address, log }: Keeping, { signal }: CliContext): Promise<void> {
  const server = address && (await startStatusServer(address, { registry, isReady: agent.isReady }));
  if (server) log.info({ port: server.port }, 'serving metrics');
  try {
    await agent.run(signal);
  } finally {
    await server?.close();
  }
  log.info('stopped');
}
