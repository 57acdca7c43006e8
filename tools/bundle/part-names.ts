/** The parts of the program in the single executable, in the order in which they are loaded (see parts.ts). */
export const partNames = ['first', 'rest'] as const;
export type PartName = (typeof partNames)[number];
