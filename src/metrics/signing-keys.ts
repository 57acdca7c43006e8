import { Gauge, type Registry } from 'prom-client';
import type { KeyFacts } from '../token/keys/facts.ts';
import { collectCounts } from './collectors.ts';

/** The signing keys as they are at a scrape. */
export interface MeasuredKeys {
  facts(): readonly KeyFacts[];
  isBroken(): boolean;
}

/** Tells of the signing keys. No label holds a kid: each rotation would make a series of its own. */
export function collectSigningKeys(register: Registry, keys: MeasuredKeys, now: () => number): void {
  const registers = [register];
  collectCounts(register, {
    ...{ name: 'accesskey_signing_keys', help: 'Signing keys, by state', label: 'state' },
    known: ['next', 'active', 'retired'],
    *states() {
      for (const { state } of keys.facts()) yield state;
    },
  });
  new Gauge({
    registers,
    name: 'accesskey_signing_key_age_seconds',
    help: 'For how long the active signing key has been signing',
    collect() {
      const active = keys.facts().find(({ state }) => state === 'active');
      const since = active?.activatedAt ?? active?.createdAt;
      if (since !== undefined) this.set((now() - since) / 1000);
    },
  });
  new Gauge({
    registers,
    name: 'accesskey_signing_keys_broken',
    help: 'Whether the Secret with the signing keys cannot be used or is gone; the last good keys are in use',
    collect() {
      this.set(keys.isBroken() ? 1 : 0);
    },
  });
}
