import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createImage } from '../images/archive.ts';

export interface PauseImageOptions {
  /** Name with tag. */
  readonly name: string;
  /** Path of the program pause. */
  readonly pause: string;
  /** File to write. */
  readonly archive: string;
}

/** Creates an image whose containers do nothing: the sandbox image of pods, or a placeholder. */
export async function createPauseImage({ name, pause, archive }: PauseImageOptions): Promise<void> {
  const folder = await mkdtemp(join(dirname(archive), 'pause-'));
  await copyFile(pause, join(folder, 'pause'));
  await createImage({ name, folder, archive, config: { Entrypoint: ['/pause'], User: '65535:65535' } });
  await rm(folder, { recursive: true });
}
