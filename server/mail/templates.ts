import type { Mail } from './mail.ts';
import { nameInMail } from './nameInMail.ts';

type Text = { subject: string; lines: string[] };
type Texts = { [Kind in Mail['kind']]: (data: Extract<Mail, { kind: Kind }>['data']) => Text };

const english: Texts = {
  verification: ({ url }) => ({
    subject: 'Confirm your email address',
    lines: [
      'Open this link to confirm your email address:',
      url,
      'It works once, for one hour. In another browser than the one in which you registered, it asks for your password. If you did not register, ' +
        'you can end all access to the account there.',
      ignore,
    ],
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
  access_reset: () => ({
    subject: 'Access to your account was reset',
    lines: [
      'Your email address was confirmed for the first time, by a mailed code or link and not with the password of the account.',
      'Somebody else may have registered your address and chosen that password. Therefore the password no longer works, and all other sessions, ' +
        'API keys, share links and open invitations of the account have ended, and its schedules are paused. Webhooks, providers, tool servers, ' +
        'personas, skills and IP rules of accounts that are only yours were switched off or removed.',
      'Sign in with a mailed code and set a new password. Check the workspaces that you share with others, and leave those that you do not know.',
    ],
  }),
  credits_low: ({ account, balance, threshold }) => ({
    subject: 'Your credits are low',
    lines: [
      `The account "${nameInMail(account)}" has ${balance} credits left, which is below its threshold of ${threshold}. Without credits, no run starts.`,
      'This message is sent again only after the balance was at or above the threshold. Admins of the account can change the threshold.',
    ],
  }),
  erasure: ({ account, due, cancelled }) =>
    cancelled
      ? {
          subject: 'A workspace will not be erased',
          lines: [`The erasure of the workspace "${nameInMail(account)}" was canceled. Its data stays.`],
        }
      : {
          subject: 'A workspace will be erased',
          lines: [
            `The workspace "${nameInMail(account)}" will be closed on ${due}, and then all of its data is deleted.`,
            'Until then its owner can cancel this. Export what you need before.',
          ],
        },
  erased: ({ slug, reference }) => ({
    subject: 'An account was erased',
    lines: [
      `The erasure of the account "${slug}" that you requested is completed${reference === null ? '' : `; your case number is "${nameInMail(reference)}"`}.`,
      'Sign in to download the proof, and keep it. It can be verified without the platform.',
    ],
  }),
  test: () => ({ subject: 'A test of your mail settings', lines: ['This message was sent to try the mail settings. They work.'] }),
};
const ignore = 'If you did not expect this message, ignore it.';

const chinese: Texts = {
  verification: ({ url }) => ({
    subject: '请确认您的邮箱地址',
    lines: [
      '请打开以下链接以确认您的邮箱地址：',
      url,
      '链接一小时内有效，仅可使用一次。如果不是在您注册时使用的浏览器中打开，页面会要求输入您的密码。如果不是您本人注册，可以在该页面终止对该账户的所有访问。',
      ignoreInChinese,
    ],
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
  access_reset: () => ({
    subject: '您的账户访问权限已重置',
    lines: [
      '您的邮箱地址首次得到确认，方式是邮件验证码或链接，而不是账户的密码。',
      '该密码可能是他人用您的邮箱注册时设置的。因此该密码已失效，账户的所有其他会话、API 密钥、分享链接和未接受的邀请均已终止，定时任务已暂停；仅属于您的账户中的 Webhook、提供商、工具服务器、角色、技能和 IP 规则已停用或删除。',
      '请使用邮件验证码登录并设置新密码。请检查您与他人共享的工作区，并退出您不认识的工作区。',
    ],
  }),
  credits_low: ({ account, balance, threshold }) => ({
    subject: '您的积分余额不足',
    lines: [
      `账户“${nameInMail(account)}”剩余 ${balance} 积分，低于其阈值 ${threshold}。积分用尽后将无法启动新的运行。`,
      '余额回到阈值或以上之后再次低于阈值时，才会再次发送本邮件。账户管理员可以修改阈值。',
    ],
  }),
  erasure: ({ account, due, cancelled }) =>
    cancelled
      ? { subject: '工作区的清除已取消', lines: [`工作区“${nameInMail(account)}”的清除已取消，其数据将保留。`] }
      : {
          subject: '工作区将被清除',
          lines: [
            `工作区“${nameInMail(account)}”将于 ${due} 关闭，随后其所有数据将被删除。`,
            '在此之前，其所有者可以取消清除。请提前导出您需要的数据。',
          ],
        },
  erased: ({ slug, reference }) => ({
    subject: '账户数据已清除',
    lines: [
      `您申请的账户“${slug}”的数据清除已完成${reference === null ? '' : `，您的案件编号为“${nameInMail(reference)}”`}。`,
      '请登录下载清除证明并妥善保存。该证明无需本平台即可验证。',
    ],
  }),
  test: () => ({ subject: '邮件设置测试', lines: ['这是一封用于测试邮件设置的邮件。设置有效。'] }),
};
const ignoreInChinese = '如果您没有进行此操作，请忽略本邮件。';

/** The subject and the text of a mail, in Chinese or English. */
export function renderMail({ kind, locale, data }: Mail): { subject: string; text: string } {
  const texts = /^zh\b/i.test(locale ?? '') ? chinese : english;
  const { subject, lines } = texts[kind](data as never);
  return { subject, text: `${lines.join('\n\n')}\n` };
}
