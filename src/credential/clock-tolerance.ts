/** How far the clock of the replica that issued a token may be ahead, seconds. A token from further ahead is rejected. */
export const clockToleranceSeconds = 30;
