import type { HttpBindings } from '@hono/node-server';

/** Access to the variables of a request, for code that is shared with src/web. */
export interface RequestVariables {
  get<Name extends keyof Environment['Variables']>(name: Name): Environment['Variables'][Name];
}

/** Hono environment of a request. */
export interface Environment {
  Bindings: HttpBindings;
  Variables: {
    requestId: string;
    /** Client address, read from the forwarding header of trusted proxies. */
    clientAddress: string;
    /** Fields that handlers add to the log line of the request; never a secret. */
    logFields: Record<string, unknown>;
  };
}
