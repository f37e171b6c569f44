/** Milliseconds and bytes, as the table of settings counts them. */
export const SECOND = 1000;
export const DAY = 86_400 * SECOND;
/** Timers hold 31 bits of milliseconds; 24 days is the last whole day that fits. */
export const TIMER_LIMIT = 24 * DAY;

export const KIB = 1024;
export const MIB = 1024 * KIB;
export const GIB = 1024 * MIB;
export const TIB = 1024 * GIB;
