/** Where Redis is, and how it is spoken to. */
export interface RedisOptions {
  /** `redis://` or `rediss://`, with user, password and database; null: a Redis Cluster. */
  readonly url: string | null;
  /** Addresses of some nodes of a Redis Cluster. */
  readonly clusterNodes: readonly string[];
  readonly username: string | null;
  readonly password: string | null;
  readonly tls: boolean;
  /** PEM text of the authority that signs Redis' certificate; null: those the system trusts. */
  readonly tlsAuthority: string | null;
  /**
   * Whether Redis keeps what it answered across a restart: `auto` finds out. Where it may not, its restart
   * begins new epochs.
   */
  readonly durable: "auto" | "yes" | "no";
}
