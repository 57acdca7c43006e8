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

function read(id: SnippetId): string {
  return readFileSync(new URL(`../assets/snippets/${id}.txt`, import.meta.url), 'utf8').trimEnd();
}

function fill(text: string, values: SnippetValues): string {
  return text.replace(/\{\{(url|cluster|secret|namespace)\}\}/g, (_, name: keyof SnippetValues) => values[name]);
}
