/** The parameters of users, and of lists, in the ghippo API. */
import { z } from '@hono/zod-openapi';
import { optionalText, wholeNumber } from '../common/parameters.ts';
import { badParameter } from '../common/responses.ts';

const defaultPageSize = 10;

/** The path of one user. */
export const userPath = z.object({ id: z.string().min(1).openapi({ description: 'The sub claim of the tokens' }) });

/** @param items for example `Users` */
export function pageParameters(items: string, search: string, example: string) {
  return z.strictObject({
    search: optionalText(search, example),
    page: wholeNumber('Page number, starting at 1; 0 means 1', { min: 0, max: 1000, default: 1 }),
    pageSize: wholeNumber(`${items} per page; 0 means 10`, { min: 0, max: 500, default: defaultPageSize }),
  });
}

/** A 400 of a list. */
export const badPage = badParameter('page', 'must be a whole number from 0 to 1000');

/** Returns the effective position: 0 is an unset int32. */
export function positionOf({ page, pageSize }: { page: number; pageSize: number }) {
  return { page: page || 1, pageSize: pageSize || defaultPageSize };
}
