import type { Cluster } from "./cluster.ts";
import { LocalCluster, type NodeParts } from "./local-cluster.ts";
import { RemoteCluster, type RemoteClusterOptions, type RemoteClusterPorts } from "./remote-cluster.ts";

/** `remote` null: this node is alone. */
export function createCluster(
  node: NodeParts,
  remote: { readonly options: RemoteClusterOptions; readonly ports: RemoteClusterPorts } | null,
): Cluster {
  return remote === null ? new LocalCluster(node) : new RemoteCluster(remote.options, node, remote.ports);
}
