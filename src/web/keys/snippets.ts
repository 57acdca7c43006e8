/** Programs that use a key pair, to start from. The pair is in the environment, as in the file to download. */
import { readFileSync } from 'node:fs';

/** The files of assets/snippets, and what each is called; the one of a pod is called in the language of the page. */
const titles = { curl: 'curl', cluster: undefined, typescript: 'TypeScript', go: 'Go', python: 'Python' } as const;
type SnippetId = keyof typeof titles;

export interface Snippet {
  id: SnippetId;
  /** undefined for what runs in the cluster. */
  title: string | undefined;
  code: string;
}

export interface SnippetValues {
  /** Address of the platform API. */
  url: string;
  cluster: string;
  /** Name of the Secret that holds the pair, and where. */
  secret: string;
  namespace: string;
}

/**
 * Reads the files once.
 *
 * @returns fills the values in
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
