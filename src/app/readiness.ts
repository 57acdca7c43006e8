/** What the process waits for before it is ready. */
type Requirement = 'caches' | 'signing keys';

/** Whether the process is ready to serve requests. */
export interface Readiness {
  /** Records that a requirement is met. */
  met(requirement: Requirement): void;
  isMet(requirement: Requirement): boolean;
  /** Makes the process unready for good. */
  shutDown(): void;
  isReady(): boolean;
  /** @returns why the process is not ready; empty if it is */
  reasons(): readonly string[];
}

export function createReadiness(): Readiness {
  const reasons = new Set<Requirement | 'shutting down'>(['caches', 'signing keys']);
  return {
    met: (requirement) => reasons.delete(requirement),
    isMet: (requirement) => !reasons.has(requirement),
    shutDown: () => reasons.add('shutting down'),
    isReady: () => reasons.size === 0,
    reasons: () => [...reasons],
  };
}
