import type { Config } from '../../kernel/config.ts';
import type { Sql } from '../../kernel/sql.ts';
import type { MailServer, MailWay } from '../../mail/mail.ts';
import { readSettings, type Settings } from '../settings/settings.ts';

/** The server that mail leaves by; undefined where it or the sender is not set. */
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

/** How mail leaves as of now. Inside a transaction it is asked `through` that. */
export async function mailWay({ env }: Pick<Config, 'env'>, sql: Sql, through?: Sql): Promise<MailWay> {
  const settings = await readSettings(sql, through);
  const server = mailServerOf(settings);
  if (server) return { to: 'server', server };
  return env === 'production' ? { to: 'nowhere' } : { to: 'files', from: settings['email.from'] };
}
