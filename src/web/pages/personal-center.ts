import { initialsOf, type View } from '../common/view.ts';
import { ownGroups, type Visitor } from '../visitor/visitor.ts';
import { type Html, html, type Notice, notice } from './components.ts';
import { layout } from './layout.ts';

export type Tab = 'access-keys' | 'profile' | 'use';

/** The person in the header of the Personal Center. */
export interface Person {
  name: string;
  email?: string | undefined;
  groups: readonly string[];
}

/** @returns the person that the Personal Center shows for a visitor */
export function personOf({ user }: Visitor, email?: string): Person {
  return { name: user.name, email, groups: ownGroups(user) };
}

/** A page of the Personal Center: the profile card, the tabs and the content of the tab. */
export function personalCenter(
  view: View,
  {
    person,
    tab,
    title,
    content,
    notice: message,
  }: { person: Person; tab: Tab; title: string; content: Html; notice?: Notice | undefined },
): Html {
  const { t } = view;
  const link = (one: Tab, text: string) =>
    html`<a href="/personal-center/${one}" aria-current="${one === tab ? 'page' : 'false'}">${text}</a>`;
  return layout(view, {
    title,
    section: 'personal-center',
    content: html`<div class="page">
<h1 class="visually-hidden">${t('personalCenter')} &middot; ${title}</h1>
<section class="card person" aria-label="${t('profile')}">
<span class="avatar" data-initials="${initialsOf(person.name)}"></span>
<div><p class="person-name">${person.name}</p>
<p class="faint">${person.email ?? groupsText(view, person.groups)}</p></div>
</section>
<nav class="tabs" aria-label="${t('personalCenter')}">${link('access-keys', t('accessKeys'))}${link('use', t('useKeys'))}${link('profile', t('profile'))}</nav>
${message && notice(message)}
${content}
</div>`,
  });
}

function groupsText({ t }: View, groups: readonly string[]): string {
  return groups.length === 0 ? '' : t('groupsOf', { groups: groups.join(', ') });
}
