import { z } from 'zod';
import { cidr, port } from './fields.ts';

/** An origin as browsers send it (RFC 6454 section 6.2), so that both can be compared as text. */
const origin = z.string().refine((text) => text === '*' || isOrigin(text), {
  message: 'must be an origin such as https://console.example.org (scheme, host, port if unusual, nothing after), or *',
});

function isOrigin(text: string): boolean {
  return /^https?:[^*]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

/** Whose pages may use the API in a browser. */
const cors = z
  .strictObject({ allowedOrigins: z.array(origin).max(64).default([]) })
  .prefault({})
  .refine(({ allowedOrigins: all }) => !all.includes('*') || all.length === 1, {
    path: ['allowedOrigins'],
    message: '* must be alone',
  });

/** HTTP without TLS is served only when it is asked for, since keys and tokens go over it. */
export const http = z
  .strictObject({
    address: z.string().min(1).default('0.0.0.0'),
    port: port.default(8080),
    /** Files in PEM, looked at again each few seconds. */
    tls: z.strictObject({ certificateFile: z.string().min(1), keyFile: z.string().min(1) }).optional(),
    /** HTTP without TLS. */
    plain: z.boolean().default(false),
    /** How long it answers on after SIGTERM, seconds: until everybody has heard that it is not ready. */
    shutdownDelaySeconds: z.int().min(0).max(60).default(5),
    /** Proxies whose word on the client's address is believed. */
    trustedProxies: z.array(cidr).max(64).default([]),
    /** The header in which they give it; one only, since a proxy passes the other one through as it came. */
    forwardedHeader: z.enum(['X-Forwarded-For', 'Forwarded']).default('X-Forwarded-For'),
    cors,
  })
  .prefault({})
  .refine(({ tls, plain }) => tls !== undefined || plain, {
    message: 'set tls (certificateFile and keyFile), or plain: true to serve HTTP without TLS',
  })
  .refine(({ tls, plain }) => tls === undefined || !plain, { message: 'tls and plain: true exclude each other' });
