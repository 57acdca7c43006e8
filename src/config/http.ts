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
  .strictObject({
    allowedOrigins: z
      .array(origin)
      .max(64)
      .default([])
      .describe('Origins whose pages may use the API in a browser; or * alone.'),
  })
  .prefault({})
  .refine(({ allowedOrigins: all }) => !all.includes('*') || all.length === 1, {
    path: ['allowedOrigins'],
    message: '* must be alone',
  });

/** HTTP without TLS is served only when it is asked for, since keys and tokens go over it. */
export const http = z
  .strictObject({
    address: z.string().min(1).default('0.0.0.0').describe('Address that the platform API listens at.'),
    port: port.default(8080).describe('Port of the platform API; 0 takes a free one.'),
    tls: z
      .strictObject({
        certificateFile: z
          .string()
          .min(1)
          .describe("PEM: the server's certificate, then those of the authorities in between."),
        keyFile: z.string().min(1).describe('PEM, not encrypted.'),
      })
      .optional()
      .describe('Files in PEM, looked at again each few seconds.'),
    plain: z
      .boolean()
      .default(false)
      .describe('HTTP without TLS: only behind something that has TLS, or where the network encrypts.'),
    shutdownDelaySeconds: z
      .int()
      .min(0)
      .max(60)
      .default(5)
      .describe('How long it answers on after SIGTERM, seconds: until everybody has heard that it is not ready.'),
    trustedProxies: z
      .array(cidr)
      .max(64)
      .default([])
      .describe("Proxies whose word on the client's address is believed."),
    forwardedHeader: z
      .enum(['X-Forwarded-For', 'Forwarded'])
      .default('X-Forwarded-For')
      .describe('The header in which they give it; one only, since a proxy passes the other one through as it came.'),
    cors,
  })
  .prefault({})
  .refine(({ tls, plain }) => tls !== undefined || plain, {
    message: 'set tls (certificateFile and keyFile), or plain: true to serve HTTP without TLS',
  })
  .refine(({ tls, plain }) => tls === undefined || !plain, { message: 'tls and plain: true exclude each other' });
