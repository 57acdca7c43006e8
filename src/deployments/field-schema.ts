/**
 * What the messages of the kpanda API are made of, as protojson writes it: https://protobuf.dev/programming-guides/json/.
 */
import { z } from '@hono/zod-openapi';

/** A 32-bit integer: a JSON number, 0 when unset. */
export const int32 = z
  .number()
  .int()
  .min(-(2 ** 31))
  .max(2 ** 31 - 1)
  .openapi({ format: 'int32' });

/** A 64-bit integer: a decimal string, since a JSON number would lose digits; "0" when unset. */
export const int64 = z
  .string()
  .regex(/^(0|-?[1-9]\d{0,18})$/)
  .openapi({ format: 'int64' });

/** A map of strings, {} when unset. */
export const stringMap = z.record(z.string(), z.string());

/** A list of strings, [] when unset. */
export const stringList = z.array(z.string());

/** A message, null when unset. A union, since `.nullable()` would make the component itself nullable in OpenAPI. */
export const orNull = <T extends z.ZodType>(message: T) => z.union([message, z.null()]);
