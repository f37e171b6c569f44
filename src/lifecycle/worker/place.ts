/** Set for processes that a supervisor starts. */
const numberVariable = "FANFARE_WORKER";
const portVariable = "FANFARE_WORKER_PORT";

/** Which of the workers a process is, and where all of them listen. */
export interface WorkerPlace {
  /** From 1; no two workers that live at the same time have the same. */
  readonly number: number;
  readonly port: number;
}

/** The environment that tells a process its place. */
export function environmentOf({ number, port }: WorkerPlace): Record<string, string> {
  return { [numberVariable]: String(number), [portVariable]: String(port) };
}

/** This process' place; null: it is not a worker. */
export function readPlace(): WorkerPlace | null {
  const [number, port] = [process.env[numberVariable], process.env[portVariable]];
  // Processes that a worker starts have its environment, but nobody who supervises them.
  if (number === undefined || port === undefined || process.send === undefined) return null;
  return { number: Number(number), port: Number(port) };
}
