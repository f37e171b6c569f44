/** From the least to the most important; the number is the rank that lines carry inside the logger. */
export const logLevels = {
  trace: 10,
  debug: 20,
  info: 30,
  warning: 40,
  error: 50,
  critical: 60,
} as const;

export type LogLevel = keyof typeof logLevels;

export const logLevelNames = Object.keys(logLevels) as LogLevel[];
