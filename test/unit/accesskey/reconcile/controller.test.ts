import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { accessKey, known, rawSecret } from '../../../support/builders.ts';
import { startTestController } from './controllers.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

describe('the controller', () => {
  it('writes no status before the watch shows the Secret that it created', async () => {
    const controller = startTestController(accessKey());
    await controller.pass(1_000);
    expect(controller.ready()).toEqual([]);
    expect(controller.events).toEqual(['KeyPairCreated']);
    controller.show();
    await controller.pass(0);
    expect(controller.ready()).toEqual(['KeyPairsReady']);
    await controller.stop();
  });

  it('reports that the watch does not show the Secret after two seconds, and becomes Ready when it does', async () => {
    const controller = startTestController(accessKey());
    for (const ms of [0, 2_000, 2_000]) await controller.pass(ms);
    expect(controller.ready()).toEqual(['SecretNotWatched']);
    expect(controller.events).toEqual(['KeyPairCreated', 'SecretNotWatched']);
    controller.show();
    await controller.pass(0);
    expect(controller.ready()).toEqual(['SecretNotWatched', 'KeyPairsReady']);
    await controller.stop();
  });

  it('waits for the watch again after each rotation', async () => {
    const controller = startTestController(accessKey());
    await controller.pass(0);
    controller.show();
    await controller.pass(10_000);
    controller.edit([{ name: 'main', revision: 2 }]);
    await controller.pass(1_000);
    expect(controller.ready()).toEqual(['KeyPairsReady']);
    controller.show();
    await controller.pass(0);
    expect(controller.ready()).toEqual(['KeyPairsReady', 'KeyPairsReady']);
    expect(controller.events).toEqual(['KeyPairCreated', 'KeyPairRotated']);
    await controller.stop();
  });

  it('reports an AccessKey that is being deleted once, without an Event or a change to its Secret', async () => {
    const controller = startTestController(known({ deleting: true }), rawSecret());
    for (const ms of [0, 60_000]) await controller.pass(ms);
    expect(controller.ready()).toEqual(['Terminating']);
    expect(controller.events).toEqual([]);
    await controller.stop();
  });
});
