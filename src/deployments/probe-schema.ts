import { z } from '@hono/zod-openapi';
import { int32, int64, orNull, stringList } from './field-schema.ts';

export const HTTPGetAction = z
  .strictObject({
    path: z.string(),
    port: z.string().openapi({ description: 'Number or name.' }),
    host: z.string(),
    scheme: z.string(),
  })
  .openapi('HTTPGetAction', { description: 'Asks by HTTP.' });
export type HTTPGetAction = z.infer<typeof HTTPGetAction>;

export const ExecAction = z
  .strictObject({ command: stringList })
  .openapi('ExecAction', { description: 'Runs a command in the container.' });
export type ExecAction = z.infer<typeof ExecAction>;

export const TCPSocketAction = z
  .strictObject({
    port: int32.openapi({ description: 'The number; a name is resolved among the ports of the container, else 0.' }),
    host: z.string(),
  })
  .openapi('TCPSocketAction', { description: 'Opens a TCP connection.' });
export type TCPSocketAction = z.infer<typeof TCPSocketAction>;

export const Probe = z
  .strictObject({
    failureThreshold: int32,
    periodSeconds: int32,
    successThreshold: int32,
    timeoutSeconds: int32,
    initialDelaySeconds: int32,
    terminationGracePeriodSeconds: int64.openapi({ description: '"0" when the value of the pod applies.' }),
    httpGet: orNull(HTTPGetAction),
    exec: orNull(ExecAction),
    tcpSocket: orNull(TCPSocketAction),
  })
  .openapi('Probe', { description: 'A health check. All actions are null for kinds that this API does not show.' });
export type Probe = z.infer<typeof Probe>;

export const Handler = z
  .strictObject({
    exec: orNull(ExecAction),
    httpGet: orNull(HTTPGetAction),
    TCPSocket: orNull(TCPSocketAction).openapi({ description: 'Spelled with capitals in the original API.' }),
  })
  .openapi('Handler', { description: 'What a lifecycle hook does.' });
export type Handler = z.infer<typeof Handler>;

export const Lifecycle = z
  .strictObject({
    PostStart: orNull(Handler).openapi({ description: 'Spelled with a capital in the original API.' }),
    preStop: orNull(Handler),
  })
  .openapi('Lifecycle', { description: 'Hooks after the start and before the stop of a container.' });
export type Lifecycle = z.infer<typeof Lifecycle>;
