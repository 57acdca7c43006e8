import { styleText } from 'node:util';
import type { CliContext, Output } from './context.ts';

/** Colors a text with formats of `util.styleText`, or returns it unchanged. */
export type Style = (format: Parameters<typeof styleText>[0], text: string) => string;

/** @returns a style that has colors only on a terminal, and never with NO_COLOR (https://no-color.org) */
export function styleFor({ isTerminal }: Output, { env }: Pick<CliContext, 'env'>): Style {
  const hasColors = isTerminal && !env.NO_COLOR && env.TERM !== 'dumb';
  return hasColors ? (format, text) => styleText(format, text, { validateStream: false }) : (_, text) => text;
}
