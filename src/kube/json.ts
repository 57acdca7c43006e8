import { V1MicroTime } from '@kubernetes/client-node';

/**
 * The JSON form of a client-node model: what the API server really sends.
 *
 * client-node's models declare timestamps as `Date`, because its serializer converts them. The reflectors read plain
 * JSON, where a timestamp (metav1.Time, RFC 3339) is a string.
 */
export type Json<T> = T extends Date ? string : T extends object ? { [K in keyof T]: Json<T[K]> } : T;

/** Formats a time as metav1.MicroTime, of which the API server requires exactly six fraction digits. */
export function microTime(time: Date): string {
  return new V1MicroTime(time).toISOString();
}
