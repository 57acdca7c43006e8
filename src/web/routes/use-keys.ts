import type { Hono } from 'hono';
import { visibleInEach } from '../../clusters/visible.ts';
import { listDeployments } from '../../deployments/listing.ts';
import { secondsPerDay, type TokenClaims } from '../../token/claims.ts';
import { readForm } from '../common/form.ts';
import { missingFields } from '../keys/pair-input.ts';
import { loadSnippets, shownUrl } from '../keys/snippets.ts';
import { personOf } from '../pages/personal-center.ts';
import { type Trial, useKeysPage } from '../pages/use-keys.ts';
import type { Visitor } from '../visitor/visitor.ts';
import type { ConsoleDependencies, ConsoleEnvironment, PageContext } from './dependencies.ts';

const path = '/personal-center/use';
/** Validity of the trial token, unless the key pair has a shorter one. */
const trialValidity = { defaultSeconds: secondsPerDay };
/** Maximum of the deployments that the trial lists. */
const trialItems = 5;

/** The tab with example programs and a form to try a key pair. */
export function addUseRoutes(app: Hono<ConsoleEnvironment>, dependencies: ConsoleDependencies): void {
  const { clusters, tokenIssuing, options, caches } = dependencies;
  const snippetsFor = loadSnippets();

  app.get(path, (context) => show(context, '', undefined));

  app.post(path, async (context) => {
    const form = await readForm(context.req);
    const [ak = '', sk = ''] = [form.text('ak'), form.text('sk')];
    const problems = missingFields({ ak, sk });
    if (Object.keys(problems).length > 0) return show(context, ak, { kind: 'incomplete', problems }, 400);
    const trial = await tryPair(context, { ak, sk });
    return show(context, ak, trial, trial.kind === 'failed' ? trial.status : 200);
  });

  async function tryPair(
    context: PageContext,
    pair: { ak: string; sk: string },
  ): Promise<Exclude<Trial, { kind: 'incomplete' }>> {
    const { t } = context.get('view');
    const issued = await tokenIssuing.issue(context, { pair }, trialValidity);
    if ('retryAfterSeconds' in issued) {
      const { retryAfterSeconds: seconds, denied } = issued;
      if (denied === 'address') return { kind: 'failed', reason: t('addressNotAllowed'), status: 403 };
      if (seconds === 0) return { kind: 'failed', reason: t('badPair'), status: 403 };
      context.header('Retry-After', String(seconds));
      return { kind: 'failed', reason: t('tooManyFailures', { seconds }), status: 429 };
    }
    const { token, claims } = issued;
    const request = `GET /apis/kpanda.io/v1alpha1/asl/deployments?pageSize=${trialItems}`;
    return { kind: 'done', token, request, claims: JSON.stringify(claims, null, 2), listing: await listFor(claims) };
  }

  /** The main fields of the API response. */
  async function listFor({ preferred_username: name, groups }: TokenClaims): Promise<string | undefined> {
    const { sources } = await visibleInEach(clusters.all(), { name, groups });
    if (sources.length === 0) return undefined;
    const query = { page: 1, pageSize: trialItems, by: 'namespace', descending: false } as const;
    const { items, pagination } = listDeployments(sources, query);
    const shown = items.map(({ namespace, name, state }) => ({ namespace, name, state }));
    return JSON.stringify({ items: shown, pagination }, null, 2);
  }

  function show(
    context: PageContext,
    ak: string,
    trial: Trial | undefined,
    status: 200 | 400 | 403 | 429 = 200,
  ): Response | Promise<Response> {
    const visitor = context.get('visitor');
    const view = context.get('view');
    const cluster = clusters.all()[0]?.name ?? '';
    const snippets = snippetsFor({ url: shownUrl(options, context.req.header('Host')), cluster, ...secretOf(visitor) });
    return context.html(useKeysPage(view, { person: personOf(visitor), snippets, ak, trial }), status);
  }

  /** The Secret of the visitor's first pair, or a placeholder. */
  function secretOf({ accessKey }: Visitor): { secret: string; namespace: string } {
    const record = accessKey && caches.accessKeys.get(`${accessKey.namespace}/${accessKey.name}`);
    const secret = record?.status.keyPairs?.[0]?.secretName;
    return { secret: secret ?? 'my-access-key', namespace: accessKey?.namespace ?? 'my-namespace' };
  }
}
