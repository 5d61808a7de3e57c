import type { Duplex } from 'node:stream';
import pg from 'pg';

/** The methods of the driver's connection and client that its types leave out. */
export type Connection = {
  readonly stream: Duplex;
  readonly submittedNamedStatements: Record<string, string>;
  parse(statement: { name: string; text: string }): void;
  bind(portal: { portal: string; statement: string; values: unknown[]; valueMapper: (value: unknown) => unknown }): void;
  describe(portal: { type: 'P'; name: string }): void;
  execute(portal: { portal: string }): void;
  sync(): void;
  emit(event: 'readyForQuery', message: { status: string }): void;
};
type Client = { readonly connection: Connection; readonly _sentQueryQueue: unknown[] };

/** A statement of a packet. */
type Sent = { readonly name: string; callback: ((error: Error) => void) | undefined };

/** The statements that are answered together, and the client that sends them. */
type Packet = { readonly client: Client; readonly statements: Sent[] };

const openPackets = new WeakMap<Connection, Packet>();

/**
 * Sends everything written to a connection until `later` calls back as one packet, with one request for an answer (`Sync`): PostgreSQL answers all statements
 * of the packet with one packet. A system call is a fifth of the cost of a small write (measured). If a statement fails, PostgreSQL executes no later
 * one of the packet, and they fail with 25P02.
 */
export function openPacket(client: pg.ClientBase, later: (send: () => void) => void): void {
  const own = client as unknown as Client;
  const { connection } = own;
  if (openPackets.has(connection)) return;
  connection.stream.cork();
  openPackets.set(connection, { client: own, statements: [] });
  later(() => sendPacket(client));
}

/** Sends what was written, if a packet is open. */
export function sendPacket(client: pg.ClientBase): void {
  const { connection } = client as unknown as Client;
  const packet = openPackets.get(connection);
  if (!packet) return;
  openPackets.delete(connection);
  if (packet.statements.length > 0) connection.sync();
  connection.stream.uncork();
}

/** Adds a statement, which was written to the connection, to its open packet, and returns that. Without one, requests the answer. */
export function addToPacket(connection: Connection, statement: Sent): Packet | undefined {
  const packet = openPackets.get(connection);
  if (packet) packet.statements.push(statement);
  else connection.sync();
  return packet;
}

/** Requests the answer of the open packet, whose last statement could not be written. What follows is a packet of its own. */
export function splitPacket(connection: Connection, statement: Sent): Packet | undefined {
  const packet = addToPacket(connection, statement);
  if (!packet) return undefined;
  connection.sync();
  openPackets.set(connection, { client: packet.client, statements: [] });
  return packet;
}

/** 25P02 (in_failed_sql_transaction), and 26000 (invalid_sql_statement_name) of a statement that was to be prepared behind the one that has failed. */
const followUps: unknown[] = ['25P02', '26000'];

/** Whether PostgreSQL rejected a statement because an earlier one of the transaction, or of the packet, has failed. */
export const isFollowUp = (error: unknown): boolean => followUps.includes((error as { code?: unknown } | null)?.code);

/** Whether PostgreSQL says that it is ready only after a later statement of the packet. */
export const isFollowed = (packet: Packet | undefined, statement: Sent): boolean =>
  packet !== undefined && packet.statements.at(-1) !== statement;

/** Whether the statement was not executed because an earlier one of its packet has failed. */
export const isSkipped = (error: unknown): boolean => error instanceof Skipped;

class Skipped extends Error {
  override name = 'Skipped';
  readonly code = '25P02';
}

/** Ends the statements of a packet after one that PostgreSQL has rejected. If the connection ends, the driver rejects them itself. */
export function skipRest({ client, statements }: Packet, statement: Sent, error: unknown): void {
  if (!(error instanceof pg.DatabaseError) || error.severity === 'FATAL' || error.severity === 'PANIC') return;
  for (const later of statements.slice(statements.indexOf(statement) + 1)) {
    const at = client._sentQueryQueue.indexOf(later);
    if (at >= 0) client._sentQueryQueue.splice(at, 1);
    delete client.connection.submittedNamedStatements[later.name];
    later.callback?.(new Skipped('an earlier statement of the packet has failed'));
  }
}
