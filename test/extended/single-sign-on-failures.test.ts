/** Single sign-on with a real Dex, in Chromium, when clocks, the provider or its keys fail. */
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { dexUsers } from '../support/dex.ts';
import { shiftedClock } from '../support/shifted-clock.ts';
import {
  callbackOf,
  canSignOn,
  clients,
  openPage,
  type SignOnSetup,
  signOn,
  startSignOn,
  userOf,
} from '../support/sign-on-with-dex.ts';

const { alice, bob } = dexUsers;
const keysPath = '/personal-center/access-keys';
const minutes = 60;
let setup: SignOnSetup;
let operator: OperatorProcess;
/** An operator with a clock that tests shift. */
let shifted: OperatorProcess;
let shift: (seconds: number) => void;

beforeAll(async () => {
  setup = await startSignOn({ operators: 3 });
  operator = await setup.startOperator();
  const clock = shiftedClock(join(setup.cluster.directory, 'clock'));
  shift = clock.shift;
  shifted = await setup.startOperator({}, { idleMinutes: 30 }, clock.options);
  // The API server fetches the keys of Dex in the background.
  await poll('the API server to trust Dex', () => canSignOn(setup, operator));
});
afterEach(() => shift(0));
afterAll(() => setup?.stop());

describe('a clock', () => {
  test.each([-25, 25])('that differs by %d seconds does not prevent sign-in', async (seconds) => {
    shift(seconds);
    expect(await canSignOn(setup, shifted)).toBe(true);
  });

  test('that is ten minutes ahead expires the sign-in in progress', async () => {
    const { page, close } = await setup.open(shifted, '/login/sso');
    const callback = await callbackOf(page, alice, setup.dex);
    shift(11 * minutes);
    const late = await openPage(page, callback);
    expect([late.status, late.error]).toEqual([400, expect.stringContaining('has expired')]);
    await close();
  });

  test('that is a day ahead makes ID tokens expired, which the log explains', async () => {
    shift(25 * 60 * minutes);
    const { page, close } = await setup.open(shifted, '/login/sso');
    const { status, error } = await openPage(page, await callbackOf(page, alice, setup.dex));
    expect([status, error]).toEqual([403, expect.stringContaining('was rejected')]);
    expect(await shifted.logged('timestamp claim')).toContain('web.sign-in-refused');
    await close();
  });
});

test('a session ends without use, says so, and returns to the same page', async () => {
  const { page, close } = await setup.open(shifted, '/deployments');
  await signOn(page, alice, '/deployments');
  shift(29 * minutes);
  await page.reload();
  expect(await userOf(page)).toBe('alice');
  shift(58 * minutes);
  await page.reload();
  expect(await userOf(page)).toBe('alice');
  shift(89 * minutes);
  await page.reload();
  expect(await page.textContent('main')).toContain('Your session has ended');
  await signOn(page, alice, '/deployments');
  await close();
});

describe('while Dex does not respond', () => {
  test('sessions continue, and sign-in says that the provider does not respond', async () => {
    const { page, close } = await setup.open(operator);
    await signOn(page, alice);
    const other = await setup.open(operator, '/login/sso');
    const callback = await callbackOf(other.page, bob, setup.dex);
    setup.dex.pause();
    await page.reload();
    expect(await userOf(page)).toBe('alice');
    const { status, error } = await openPage(other.page, callback);
    expect([status, error]).toEqual([503, expect.stringContaining('does not respond')]);
    setup.dex.resume();
    expect(await canSignOn(setup, operator)).toBe(true);
    await Promise.all([close(), other.close()]);
  });
});

describe('after Dex has started with new keys', () => {
  test('the operator accepts them at once, and sessions with the previous keys end', async () => {
    const previous = await setup.open(operator);
    await signOn(previous.page, alice);
    // A page without live updates, which would notice the end of the session by themselves.
    await previous.page.goto(`${operator.url}/personal-center/profile`);
    await setup.dex.stop();
    const started = await setup.startOperator();
    const down = await setup.open(started, '/login/sso');
    expect(await down.page.textContent('[role=alert]')).toContain('does not respond');
    await setup.dex.start({ idTokenLifetime: '20s' });
    const { page, close } = await setup.open(operator, '/login/sso');
    const { status, error } = await openPage(page, await callbackOf(page, alice, setup.dex));
    // The API server still has the previous keys.
    expect([status, error]).toEqual([403, expect.stringContaining('the cluster does not accept your ID token')]);
    const { stopApiServer, startApiServer } = setup.cluster.controlPlane;
    await stopApiServer();
    await startApiServer();
    await poll('sign-in with the new keys', () => canSignOn(setup, operator));
    await poll('sign-in at the operator that started without Dex', () => canSignOn(setup, started));
    // The operator caches reviews of a token for 15 seconds.
    await poll('the end of the session', async () => {
      await previous.page.reload();
      return (await previous.page.textContent('main'))?.includes('Your session has ended');
    });
    await Promise.all([previous.close(), down.close(), close()]);
  });

  test('ID tokens are refreshed before they expire, in all tabs', async () => {
    const { page, close } = await setup.open(operator);
    await signOn(page, alice);
    const second = await page.context().newPage();
    await second.goto(operator.url + keysPath);
    const { exp = 0 } = decodeJwt(await setup.dex.idToken(alice, { ...clients.console, redirectURIs: [] }));
    const isRefreshed = () => Date.now() > (exp + 10) * 1000;
    while (!isRefreshed()) {
      await Promise.all([page.reload(), second.reload()]);
      expect([await userOf(page), await userOf(second)]).toEqual(['alice', 'alice']);
    }
    await close();
  });
});
