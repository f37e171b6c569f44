/** Why a process ended by itself. */
export const exitCodes = {
  stopped: 0,
  /** It cannot start, with settings that may be right; or an error that nobody caught. */
  failed: 1,
  invalidSettings: 2,
} as const;
