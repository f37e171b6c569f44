/** What a connection may do by itself, beside asking: `user` only receives. */
export type Role = "chat" | "user" | "admin";
