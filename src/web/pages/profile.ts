import type { View } from '../common/view.ts';
import { fact, type Html, html, type Notice, time } from './components.ts';
import { type Person, personalCenter } from './personal-center.ts';

const methods = {
  token: 'methodToken',
  pair: 'methodPair',
  proxy: 'methodProxy',
  'single-sign-on': 'methodSingleSignOn',
  'self-service': 'methodSingleSignOn',
} as const;

export interface ProfilePage {
  person: Person;
  userId: string | undefined;
  /** namespace/name of the AccessKey. */
  accessKey: string | undefined;
  condition: { ready: boolean; reason: string; message: string } | undefined;
  signInMethod: keyof typeof methods;
  /** Milliseconds since the epoch. */
  sessionExpiresAt: number;
  notice?: Notice | undefined;
}

export function profilePage(view: View, page: ProfilePage): Html {
  const { t } = view;
  const { person, condition } = page;
  const groups =
    person.groups.length === 0
      ? t('none')
      : html`<ul class="chips">${person.groups.map((one) => html`<li>${one}</li>`)}</ul>`;
  return personalCenter(view, {
    person,
    tab: 'profile',
    title: t('profile'),
    notice: page.notice,
    content: html`<section class="card" aria-labelledby="profile-title">
<h2 id="profile-title">${t('profile')}</h2>
<dl class="facts">
${fact(t('user'), person.name)}
${fact(t('email'), person.email)}
${fact(t('groups'), groups)}
${fact(t('userId'), page.userId && html`<code>${page.userId}</code>`)}
${fact(t('accessKeyResource'), page.accessKey === undefined ? t('noAccessKeyYet') : html`<code>${page.accessKey}</code>`)}
${fact(t('status'), condition && conditionOf(view, condition))}
${fact(t('signInMethod'), t(methods[page.signInMethod]))}
${fact(t('sessionExpires'), time(page.sessionExpiresAt, ''))}
</dl>
</section>`,
  });
}

/** Reason and message are the operator's own words, which are not translated. */
function conditionOf({ t }: View, { ready, reason, message }: NonNullable<ProfilePage['condition']>): Html {
  const quote =
    message !== '' && html`<p class="faint">${t('operatorSays')}</p><blockquote lang="en">${message}</blockquote>`;
  return html`<span class="state ${ready ? 'good' : 'bad'}" lang="en">${reason}</span>${quote}`;
}
