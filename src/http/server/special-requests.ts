/** Responses to requests for which Node emits another event than `request`. */
import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Pipeline } from './pipeline.ts';
import { type RecordResponse, reject, rejectRaw } from './rejected-request.ts';
import { connectRejection, expectationRejection } from './rejection.ts';

/**
 * Responds to CONNECT and to an unknown Expect. By default, Node closes the connection, or answers without a line in our
 * log. `Upgrade` is ignored (RFC 9110 section 7.8), because nothing listens to Node's event of that name.
 */
export function answerSpecialRequests(server: Server, record: RecordResponse, pipeline: Pipeline): void {
  server.on('connect', ({ socket }) => {
    takeOver(socket);
    pipeline.enterLast(socket, () => {
      const { status, message: refused } = connectRejection;
      const requestId = record({ method: 'CONNECT', status, remoteAddress: socket.remoteAddress, refused });
      rejectRaw(socket, { rejection: connectRejection, requestId });
    });
  });
  server.on('checkExpectation', (request, response) =>
    pipeline.enter(request, response, () => reject(response, expectationRejection, record)),
  );
}

/**
 * Replaces the listeners that Node removes from the socket before it emits `connect`. Without one for `error`, a client
 * that resets the connection ends the process; without one for `timeout`, a client that does not read keeps it open.
 */
function takeOver(socket: Duplex): void {
  socket.on('error', () => socket.destroy());
  socket.on('timeout', () => socket.destroy());
}
