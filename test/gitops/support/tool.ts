/** What the tests need from a GitOps tool. Argo CD and Flux implement it, so that they run the same tests. */
import { poll } from '../../../tools/poll.ts';

export interface FolderOptions {
  readonly name: string;
  /** Folder of the repository. */
  readonly path: string;
  readonly namespace: string;
  /** Options of Argo CD. Default: those of the examples. */
  readonly syncOptions?: readonly string[];
}

/** A folder of the repository that the tool applies: an Application or a Kustomization. */
export interface SyncedFolder {
  readonly name: string;
  /** Asks the tool to compare repository and cluster now, as a webhook would. */
  refresh(): Promise<void>;
  state(): Promise<SyncState>;
  /** Deletes it with everything that it has applied. */
  remove(): Promise<void>;
}

export interface SyncState {
  /** The latest revision that the tool has compared or tried. */
  readonly revision: string;
  /** Whether this revision is applied, and all objects are healthy. */
  readonly done: boolean;
  readonly health: string;
  /** Errors, and the messages of unhealthy objects. */
  readonly message: string;
}

/** What the examples install. */
export interface Installed {
  readonly operator: SyncedFolder;
  readonly accessKeys: SyncedFolder;
}

export interface Tool {
  /** Applies the examples as their administrator would. */
  installExamples(): Promise<Installed>;
  /** Installs the operator from another folder of manifests. @returns the revision that does so */
  useManifests(path: string): Promise<string>;
  /** Deletes what has installed the operator, and everything that it has applied. */
  removeOperator(): Promise<void>;
  /** Applies a folder, with the options of the examples. */
  deploy(options: FolderOptions): Promise<SyncedFolder>;
  stop(): Promise<void>;
}

/** A tool that has failed may wait up to three minutes before it tries again. */
const timeoutMs = 200_000;

/** Waits until a revision is applied and healthy. Its time is reported, and not asserted. */
export async function settle(folder: SyncedFolder, revision: string): Promise<SyncState> {
  const started = performance.now();
  await folder.refresh();
  const state = await waitFor(folder, 'done', (one) => one.done && one.revision === revision);
  reportTime(`${folder.name} is healthy`, started);
  return state;
}

/** Waits until the tool reports a problem that matches, and optionally this health. */
export async function problem(folder: SyncedFolder, pattern: RegExp, health?: string): Promise<SyncState> {
  const started = performance.now();
  await folder.refresh();
  const matches = (one: SyncState) =>
    !one.done && pattern.test(one.message) && (health === undefined || one.health === health);
  const state = await waitFor(folder, `${pattern}`, matches);
  reportTime(`${folder.name} reports the problem`, started);
  return state;
}

function waitFor(folder: SyncedFolder, what: string, matches: (state: SyncState) => boolean): Promise<SyncState> {
  const check = async () => {
    const state = await folder.state();
    // The error of the last check is the cause of the timeout.
    if (!matches(state)) throw new Error(JSON.stringify(state));
    return state;
  };
  return poll(`${folder.name}: ${what}`, check, timeoutMs);
}

function reportTime(what: string, started: number): void {
  process.stdout.write(`${what} after ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
}
