/** Example programs that read a key pair from the environment, like the `.env` download. */
import { readFileSync } from 'node:fs';

/** The files of assets/snippets with their titles. The title of `cluster` is translated. */
const titles = { curl: 'curl', cluster: undefined, typescript: 'TypeScript', go: 'Go', python: 'Python' } as const;
type SnippetId = keyof typeof titles;

export interface Snippet {
  id: SnippetId;
  /** undefined for the pod, whose title is translated. */
  title: string | undefined;
  code: string;
}

export interface SnippetValues {
  /** URL of the platform API. */
  url: string;
  cluster: string;
  /** Name and namespace of the Secret with the pair. */
  secret: string;
  namespace: string;
}

/**
 * Reads the files once.
 *
 * @returns a function that fills in the values
 */
export function loadSnippets(): (values: SnippetValues) => Snippet[] {
  const ids = Object.keys(titles) as SnippetId[];
  const loaded = ids.map((id) => ({ id, title: titles[id], text: read(id) }));
  return (values) => loaded.map(({ id, title, text }) => ({ id, title, code: fill(text, values) }));
}

/** Placeholder if the URL of the platform API is unknown. */
const exampleHost = 'accesskey.example.org';

/**
 * @returns the URL of the platform API for the snippets: that of `publicUrl`. If it is unset, the Host header only counts for
 * a loopback address, because people run the snippets with their key pair
 */
export function shownUrl(
  { publicUrl, secure }: { publicUrl?: string | undefined; secure: boolean },
  host = '',
): string {
  if (publicUrl !== undefined) return new URL(publicUrl).origin;
  const isLoopback = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/.test(host);
  return `${secure ? 'https' : 'http'}://${isLoopback ? host : exampleHost}`;
}

function read(id: SnippetId): string {
  return readFileSync(new URL(`../assets/snippets/${id}.txt`, import.meta.url), 'utf8').trimEnd();
}

function fill(text: string, values: SnippetValues): string {
  return text.replace(/\{\{(url|cluster|secret|namespace)\}\}/g, (_, name: keyof SnippetValues) => values[name]);
}
