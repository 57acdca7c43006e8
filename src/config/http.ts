import { z } from 'zod';
import { cidr, ipAddress, port } from './fields.ts';

/** An origin as browsers serialize it (RFC 6454 section 6.2), so that origins can be compared as text. */
const origin = z.string().refine((text) => text === '*' || isOrigin(text), {
  message: 'must be an origin such as https://console.example.org (scheme, host, non-default port, no path), or *',
});

function isOrigin(text: string): boolean {
  return /^https?:[^*]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

const cors = z
  .strictObject({
    allowedOrigins: z
      .array(origin)
      .max(64)
      .default([])
      .describe('Origins whose pages may call the API from a browser, or only *.'),
  })
  .prefault({})
  .refine(({ allowedOrigins: all }) => !all.includes('*') || all.length === 1, {
    path: ['allowedOrigins'],
    message: '* must be the only entry',
  });

/** HTTP without TLS must be enabled explicitly, because it would transmit key pairs and tokens in plain text. */
export const http = z
  .strictObject({
    address: ipAddress.default('0.0.0.0').describe('Listen address of the platform API, an IP address.'),
    port: port.default(8080).describe('Port of the platform API; 0 selects a free port.'),
    tls: z
      .strictObject({
        certificateFile: z
          .string()
          .min(1)
          .describe('PEM file with the server certificate, followed by intermediate certificates.'),
        keyFile: z.string().min(1).describe('PEM file with the unencrypted private key.'),
      })
      .optional()
      .describe('PEM files, which are checked for changes every few seconds.'),
    plain: z
      .boolean()
      .default(false)
      .describe('Serve HTTP without TLS; only in an encrypted network, behind a TLS proxy, or for evaluation.'),
    shutdownDelaySeconds: z
      .int()
      .min(0)
      .max(60)
      .default(5)
      .describe(
        'How long requests are accepted after SIGTERM, seconds, until load balancers have noticed that the pod is not ready.',
      ),
    trustedProxies: z
      .array(cidr)
      .max(64)
      .default([])
      .describe('CIDRs of proxies that are trusted to report the address of the client.'),
    forwardedHeader: z
      .enum(['X-Forwarded-For', 'Forwarded'])
      .default('X-Forwarded-For')
      .describe(
        'Header with the client address from trusted proxies. Only one is read; a proxy forwards the other one unchanged.',
      ),
    cors,
    forwardAuthPreflight: z
      .enum(['off', 'method', 'X-Forwarded-Method', 'X-Original-Method'])
      .default('off')
      .describe(
        'Lets CORS preflight requests pass forward-auth without a token. Says where the gateway sends the method of the ' +
          'request: as the method, or in a header that it must always set.',
      ),
  })
  .prefault({})
  .refine(({ tls, plain }) => tls !== undefined || plain, {
    message: 'must set tls (certificateFile and keyFile) or plain: true, to serve HTTP without TLS',
  })
  .refine(({ tls, plain }) => tls === undefined || !plain, { message: 'must not set both tls and plain: true' });
