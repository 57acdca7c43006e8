import { Gauge, type Registry } from 'prom-client';
import type { KeyFacts } from '../token/keys/facts.ts';
import { collectCounts } from './collectors.ts';

/** The signing keys, read at each scrape. */
export interface MeasuredKeys {
  facts(): readonly KeyFacts[];
  isBroken(): boolean;
}

/**
 * How long a key signs tokens, for the alert AccessKeySigningKeyOld.
 *
 * @param days token.signingKeys.rotationDays, not 0
 */
export function collectRotationPeriod(register: Registry, days: number): void {
  new Gauge({
    registers: [register],
    name: 'accesskey_signing_key_rotation_period_seconds',
    help: 'How long a signing key is to sign tokens (token.signingKeys.rotationDays); absent without automatic rotation',
  }).set(days * 86_400);
}

/** No label contains a kid: each rotation would create new series. */
export function collectSigningKeys(register: Registry, keys: MeasuredKeys): void {
  collectCounts(register, {
    name: 'accesskey_signing_keys',
    help: 'Signing keys by state',
    label: 'state',
    known: ['next', 'active', 'retired'],
    *states() {
      for (const { state } of keys.facts()) yield state;
    },
  });
  new Gauge({
    registers: [register],
    name: 'accesskey_signing_key_age_seconds',
    help: 'Time since the active signing key became active',
    collect() {
      const active = keys.facts().find(({ state }) => state === 'active');
      const since = active?.activatedAt ?? active?.createdAt;
      if (since !== undefined) this.set((Date.now() - since) / 1000);
    },
  });
  new Gauge({
    registers: [register],
    name: 'accesskey_signing_keys_broken',
    help: 'Whether the signing-key Secret is invalid or deleted, so that the last valid keys are in use',
    collect() {
      this.set(keys.isBroken() ? 1 : 0);
    },
  });
}
