/** Explains failures of kind and Docker in one line. */

const causes: readonly (readonly [pattern: RegExp, explanation: (match: RegExpExecArray) => string])[] = [
  [/no space left on device/i, () => 'the disk is full (Docker stores images and nodes in its data folder)'],
  [
    /(?:Bind for \S*?:|listen \S+ \S*?:)(\d+)(?:: bind)?(?: failed)?: (?:port is already allocated|address already in use)/i,
    ([, port]) => `port ${port} is in use by another program`,
  ],
  [/Cannot connect to the Docker daemon|Is the docker daemon running/i, () => 'the Docker daemon does not respond'],
  [/node\(s\) already exist for a cluster/i, () => 'a cluster with this name exists already'],
  [
    /(?:pull access denied|manifest unknown|failed to resolve reference|dial tcp: lookup|Unable to find image)/i,
    () => 'Docker cannot pull the node image',
  ],
];

/** Returns an error with one line: what failed, and the cause if it is a known one, or else the last line of output. */
export function explainFailure(what: string, error: Error): Error {
  for (const [pattern, explanation] of causes) {
    const match = pattern.exec(error.message);
    if (match) return new Error(`${what}: ${explanation(match)}`, { cause: error });
  }
  const lines = error.message.split('\n').filter((line) => line.trim() !== '');
  const failed = lines.find((line) => line.includes('ERROR: ')) ?? lines.at(-1) ?? '';
  return new Error(`${what}: ${failed.replace(/^.*?ERROR: /, '').trim()}`, { cause: error });
}

/** @throws Error if this kind is older than the required version */
export function requireVersion(path: string, version: string, required: string): void {
  const [found, needed] = [version, required].map((text) => (text.match(/\d+/g) ?? []).map(Number));
  const difference = found?.map((part, index) => part - (needed?.[index] ?? 0)).find((part) => part !== 0) ?? 0;
  if (difference < 0) throw new Error(`${path} is kind ${version}, but ${required} or newer is required`);
}
