/** Edits the text of a kubeconfig: comments and unknown fields are kept (pure). */
import { type Document, isMap, isSeq, parseDocument, type YAMLMap } from 'yaml';
import { TokenError } from '../token/token-error.ts';
import type { ExecEntry } from './exec-entry.ts';

/** A parsed kubeconfig file. */
export interface KubeconfigText {
  /** For messages. */
  readonly file: string;
  readonly document: Document;
}

const empty = 'apiVersion: v1\nkind: Config\nclusters: []\ncontexts: []\nusers: []\n';

/**
 * Parses a kubeconfig. An empty one becomes a new one.
 *
 * @throws TokenError with the line; it contains nothing of the text, which has credentials
 */
export function parseKubeconfig(file: string, text: string): KubeconfigText {
  const document = parseDocument(text.trim() === '' ? empty : text);
  const [error] = document.errors;
  if (error) {
    const line = error.linePos?.[0].line;
    throw new TokenError('usage', `kubeconfig ${file}: is not YAML${line === undefined ? '' : `, see line ${line}`}`);
  }
  if (!isMap(document.contents)) throw new TokenError('usage', `kubeconfig ${file}: is not an object`);
  for (const field of ['clusters', 'contexts', 'users'] as const) {
    const list = document.get(field);
    if (list === undefined || list === null) continue;
    if (!isSeq(list) || !list.items.every(isMap)) {
      throw new TokenError('usage', `kubeconfig ${file}: ${field} is not a list of objects`);
    }
  }
  return { file, document };
}

type ListName = 'clusters' | 'contexts' | 'users';

/** @returns the entry with this name in a list; undefined if there is none */
function findEntry({ document }: KubeconfigText, list: ListName, name: string): YAMLMap | undefined {
  const items = document.get(list);
  return isSeq(items) ? (items.items as YAMLMap[]).find((one) => one.get('name') === name) : undefined;
}

export function hasEntry(kubeconfig: KubeconfigText, list: ListName, name: string): boolean {
  return findEntry(kubeconfig, list, name) !== undefined;
}

export function currentContext({ document }: KubeconfigText): string | undefined {
  const name = document.get('current-context');
  return typeof name === 'string' && name !== '' ? name : undefined;
}

/** @returns the cluster of a context */
export function clusterOf(kubeconfig: KubeconfigText, context: string): string | undefined {
  return contextField(kubeconfig, context, 'cluster');
}

/** @returns the user of a context */
export function userOf(kubeconfig: KubeconfigText, context: string): string | undefined {
  return contextField(kubeconfig, context, 'user');
}

function contextField(kubeconfig: KubeconfigText, context: string, field: 'cluster' | 'user'): string | undefined {
  const name = findEntry(kubeconfig, 'contexts', context)?.getIn(['context', field]);
  return typeof name === 'string' && name !== '' ? name : undefined;
}

/** @returns the arguments of the exec entry of a user, if it runs this program */
export function pluginArguments(kubeconfig: KubeconfigText, user: string): string[] | undefined {
  const exec = findEntry(kubeconfig, 'users', user)?.getIn(['user', 'exec']);
  if (!isMap(exec)) return undefined;
  const args: unknown = (exec.toJSON() as { args?: unknown }).args;
  return Array.isArray(args) && args[0] === 'credential' ? args.map(String) : undefined;
}

/** Sets the exec entry of a user, and keeps its other fields. */
export function setUser(kubeconfig: KubeconfigText, name: string, exec: ExecEntry): void {
  const found = findEntry(kubeconfig, 'users', name);
  if (found) found.setIn(['user', 'exec'], kubeconfig.document.createNode(exec));
  else append(kubeconfig, 'users', { name, user: { exec } });
}

/** Removes a user. */
export function removeUser({ document }: KubeconfigText, name: string): void {
  const items = document.get('users');
  if (isSeq(items)) items.items = items.items.filter((one) => !(isMap(one) && one.get('name') === name));
}

export interface ContextFields {
  readonly cluster: string;
  readonly user: string;
  readonly namespace?: string | undefined;
}

/** Sets cluster, user and, if given, namespace of a context, and keeps its other fields. */
export function setContext(kubeconfig: KubeconfigText, name: string, fields: ContextFields): void {
  const { namespace, ...required } = fields;
  const values = { ...required, ...(namespace !== undefined && { namespace }) };
  const found = findEntry(kubeconfig, 'contexts', name);
  if (!found) append(kubeconfig, 'contexts', { name, context: values });
  else for (const [field, value] of Object.entries(values)) found.setIn(['context', field], value);
}

export function setCurrentContext({ document }: KubeconfigText, name: string): void {
  document.set('current-context', name);
}

function append({ document }: KubeconfigText, list: ListName, entry: object): void {
  const items = document.get(list);
  if (!isSeq(items)) {
    document.set(list, document.createNode([entry]));
    return;
  }
  // kubectl writes [] for an empty list; entries would continue in that style.
  if (items.items.length === 0) items.flow = false;
  items.add(document.createNode(entry));
}

/** @returns the text; long lines, such as certificates, are not wrapped */
export function formatKubeconfig({ document }: KubeconfigText): string {
  return document.toString({ lineWidth: 0 });
}
