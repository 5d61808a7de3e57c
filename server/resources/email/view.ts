import type { EmailConfig } from '../../../contract/email.ts';
import type { Settings } from '../settings/settings.ts';

/** The effective settings. Of the password, only whether it is set. */
export const viewConfig = (settings: Settings): EmailConfig => ({
  from: settings['email.from'] ?? '',
  smtp_host: settings['email.smtp_host'] ?? '',
  smtp_port: settings['email.smtp_port'],
  smtp_user: settings['email.smtp_user'] ?? '',
  smtp_pass_set: settings['email.smtp_pass'] !== null,
  smtp_tls_mode: settings['email.smtp_tls_mode'],
});
