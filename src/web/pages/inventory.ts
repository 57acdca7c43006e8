import { accessKeysPath } from '../common/paths.ts';
import type { View } from '../common/view.ts';
import { type Html, html, icons } from './components.ts';

export const inventoryPath = `${accessKeysPath}/key-pairs.csv`;

/**
 * The download for people who may see the key pairs of others. The response is an attachment; with the attribute
 * `download`, a browser would also save the sign-in page as the file.
 */
export function inventoryCard({ t }: View): Html {
  return html`<section class="card" aria-labelledby="inventory-title"><div class="card-head"><h2 id="inventory-title">${t('inventory')}</h2>
<a class="button" href="${inventoryPath}">${icons.save}${t('downloadCsv')}</a></div>
<p class="help">${t('inventoryText')}</p></section>`;
}
