import { afterEach } from "bun:test";
import { type ApplicationOptions, type ApplicationServer, startApplication } from "./application-server.ts";

/** @returns starts a server for one test, which is stopped after it */
export function useOwnApplication(): (options: ApplicationOptions) => ApplicationServer {
  let own: ApplicationServer | null = null;
  afterEach(async () => {
    await own?.stop();
    own = null;
  });
  return (options) => {
    own = startApplication(options);
    return own;
  };
}
