/**
 * Allowed difference between the clock of a server that issues tokens for the operator and that of this process, seconds.
 */
export const issuerToleranceSeconds = 30;
