import type { Queryable } from '../../database/sql.ts';
import type { MailServer, MailTransport } from '../../mail/mail.ts';
import type { Config } from '../../platform/config/config.ts';
import { readSettings, requireKeyOf, type Settings } from '../settings/settings.ts';

/** Returns undefined unless a sender and a server are set. */
export function mailServerOf(settings: Settings): MailServer | undefined {
  const { 'email.from': from, 'email.smtp_host': host } = settings;
  if (from === null || host === null) return undefined;
  return {
    from,
    host,
    port: settings['email.smtp_port'],
    user: settings['email.smtp_user'],
    password: settings['email.smtp_pass'],
    tlsMode: settings['email.smtp_tls_mode'],
  };
}

/** The current mail transport. `through`: the open transaction, so that the read does not wait for a second connection. */
export async function mailTransport({ env }: Pick<Config, 'env'>, sql: Queryable, through?: Queryable): Promise<MailTransport> {
  const settings = await readSettings(sql, through);
  const server = mailServerOf(settings);
  if (server) return { to: 'server', server };
  return env === 'production' ? { to: 'nowhere' } : { to: 'files', from: settings['email.from'] };
}

/** The same, to send mail. Throws an `UnknownKeyError` if this process lacks the key of the password. */
export async function openedMailTransport(config: Pick<Config, 'env'>, sql: Queryable): Promise<MailTransport> {
  const transport = await mailTransport(config, sql);
  if (transport.to === 'server' && transport.server.user !== null && transport.server.password === null)
    await requireKeyOf(sql, 'email.smtp_pass');
  return transport;
}
