import type { Mail } from './mail.ts';
import { nameInMail } from './names.ts';

type Text = { subject: string; lines: string[] };
type Texts = { [Kind in Mail['kind']]: (data: Extract<Mail, { kind: Kind }>['data']) => Text };

const english: Texts = {
  verification: ({ url }) => ({
    subject: 'Confirm your email address',
    lines: ['Open this link to confirm your email address:', url, 'It works once, for one hour.', ignore],
  }),
  otp: ({ code }) => ({
    subject: 'Your sign-in code',
    lines: ['Your sign-in code is:', code, 'It works once, for ten minutes. Tell it to nobody.', ignore],
  }),
  invitation: ({ url, account, inviter }) => ({
    subject: 'You are invited to a workspace',
    lines: [
      `"${nameInMail(inviter)}" invites you to the workspace "${nameInMail(account)}". Both names were chosen by users. Open this link to join:`,
      url,
      'It works once, for seven days.',
      ignore,
    ],
  }),
  test: () => ({ subject: 'A test of your mail settings', lines: ['This message was sent to try the mail settings. They work.'] }),
};
const ignore = 'If you did not expect this message, ignore it.';

const chinese: Texts = {
  verification: ({ url }) => ({
    subject: '请确认您的邮箱地址',
    lines: ['请打开以下链接以确认您的邮箱地址：', url, '链接一小时内有效，仅可使用一次。', ignoreInChinese],
  }),
  otp: ({ code }) => ({
    subject: '您的登录验证码',
    lines: ['您的登录验证码是：', code, '验证码十分钟内有效，仅可使用一次。请勿告诉任何人。', ignoreInChinese],
  }),
  invitation: ({ url, account, inviter }) => ({
    subject: '邀请您加入工作区',
    lines: [
      `“${nameInMail(inviter)}”邀请您加入工作区“${nameInMail(account)}”。以上名称均由用户自行设定。请打开以下链接加入：`,
      url,
      '链接七天内有效，仅可使用一次。',
      ignoreInChinese,
    ],
  }),
  test: () => ({ subject: '邮件设置测试', lines: ['这是一封用于测试邮件设置的邮件。设置有效。'] }),
};
const ignoreInChinese = '如果您没有进行此操作，请忽略本邮件。';

/** What a mail says, in Chinese or English. */
export function textOf({ kind, locale, data }: Mail): { subject: string; text: string } {
  const texts = /^zh\b/i.test(locale ?? '') ? chinese : english;
  const { subject, lines } = texts[kind](data as never);
  return { subject, text: `${lines.join('\n\n')}\n` };
}
