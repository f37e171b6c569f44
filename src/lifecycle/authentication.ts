import { Admitted } from "../auth/admitted.ts";
import { isAlgorithm } from "../auth/algorithms.ts";
import { Authenticator } from "../auth/authenticator.ts";
import { anonymousIdentity } from "../auth/client-identities.ts";
import { type Identity, openIdentity } from "../auth/identity.ts";
import { RemoteKeySet } from "../auth/remote-key-set.ts";
import { Revocations } from "../auth/revocations.ts";
import { Revoker } from "../auth/revoker.ts";
import { ServerKeys } from "../auth/server-keys.ts";
import { StaticKeySet } from "../auth/static-key-set.ts";
import { TokenVerifier } from "../auth/token-verifier.ts";
import type { Config } from "../config/index.ts";
import type { Log } from "../telemetry/log.ts";
import { type ConfiguredCredentials, readCredentialSettings } from "./credentials.ts";
import { fetchText } from "./fetch-text.ts";
import { systemClock, systemScheduler } from "./system-ports.ts";

/** Who may do what on this node. */
export interface Authentication {
  readonly authenticator: Authenticator;
  readonly admitted: Admitted;
  readonly revoker: Revoker;
  /** Who somebody is that brought nothing; null: clients must bring a token. */
  readonly withoutToken: Identity | null;
  /** Learns what must be known before the first client: the issuer's keys, and what was revoked. Never rejects. */
  start(): Promise<void>;
  /** Reads the files that the settings name anew; where something is wrong with them, all stays as it was. */
  reload(): Promise<void>;
  close(): void;
}

const keySetTimes = { refreshMs: 600_000, coolDownMs: 30_000 } as const;
/** How long the first client is made to wait for what other nodes revoked. */
const revocationsWaitMs = 1000;
const keySetBounds = { timeoutMs: 5000, bytesMax: 256 * 1024 } as const;

/** Throws an Error that names everything that is wrong with the settings and their files. */
export function createAuthentication(config: Config, ports: { readonly log: Log }): Authentication {
  const { log } = ports;
  const shared = { clock: systemClock, scheduler: systemScheduler };
  const credentials = readCredentialSettings(config);
  if (credentials.problems.length > 0) throw new Error(credentials.problems.join(" "));
  const revocations = new Revocations(systemClock);
  const admitted = new Admitted(shared);
  const tokens = createTokenChecks(config, credentials, log);
  const keys = takesKeys(config) ? new ServerKeys(credentials.apiKeys) : null;
  const authenticator = new Authenticator({ verifier: tokens?.verifier ?? null, keys, revocations });
  const endThoseNotGood = () => admitted.endThose((identity) => authenticator.isStillGood(identity));
  const revoker = new Revoker(
    { lifetimeMaxMs: config.jwtLifetimeMaxMs, clockSkewMs: config.jwtClockSkewMs },
    { revocations, clock: systemClock, endRevoked: endThoseNotGood },
  );
  const learnRevocations = async () => {
    void revoker.synchronise();
    const inTime = revoker.synchronised.then(() => true);
    if (await Promise.race([inTime, Bun.sleep(revocationsWaitMs).then(() => false)])) return;
    log.warning({}, "what was revoked on other nodes is not known yet: Redis has not answered");
  };
  return {
    authenticator,
    admitted,
    revoker,
    withoutToken: identityWithoutToken(config, authenticator),
    async start() {
      await Promise.all([tokens?.remote?.refresh(), tokens === null ? undefined : learnRevocations()]);
    },
    async reload() {
      if (authenticator.isOpen) return;
      const read = readCredentialSettings(config);
      if (read.problems.length > 0) {
        log.error(
          { problems: read.problems },
          "tokens' and servers' keys stay as they were: their files are wrong",
        );
        return;
      }
      tokens?.fixed.replace(read.tokenKeys);
      keys?.replace(read.apiKeys);
      log.info({ ended: endThoseNotGood() }, "tokens' and servers' keys read again");
      await tokens?.remote?.refresh();
    },
    close() {
      tokens?.remote?.close();
      admitted.close();
    },
  };
}

function takesKeys({ apiKeys, apiKeysFile }: Config): boolean {
  return apiKeys.length > 0 || apiKeysFile !== null;
}

function createTokenChecks(config: Config, { tokenKeys, keySetUrl }: ConfiguredCredentials, log: Log) {
  if (tokenKeys.length === 0 && keySetUrl === null) return null;
  const fixed = new StaticKeySet(tokenKeys);
  const remote =
    keySetUrl === null
      ? null
      : new RemoteKeySet(
          { allowed: config.jwtAlgorithms.filter(isAlgorithm), ...keySetTimes },
          {
            load: () => fetchText(keySetUrl, keySetBounds),
            clock: systemClock,
            scheduler: systemScheduler,
            log,
          },
        );
  const verifier = new TokenVerifier(
    {
      audiences: config.jwtAudience,
      issuers: config.jwtIssuer,
      clockSkewMs: config.jwtClockSkewMs,
      lifetimeMaxMs: config.jwtLifetimeMaxMs,
    },
    remote === null ? [fixed] : [fixed, remote],
    systemClock,
  );
  return { fixed, remote, verifier };
}

function identityWithoutToken(config: Config, authenticator: Authenticator): Identity | null {
  if (authenticator.isOpen) return openIdentity;
  return authenticator.takesTokens ? null : anonymousIdentity(config.anonymousSubscribe);
}
