import { noOverlap } from '../../accesskey/change/edit-pairs.ts';
import type { Translate } from '../common/language.ts';
import type { View } from '../common/view.ts';
import type { OverlapChoice } from '../keys/overlap.ts';
import { type Html, html, option } from './components.ts';

const texts = { [noOverlap]: 'overlapNone', '1h': 'overlapHour', '24h': 'overlapDay', '168h': 'overlapWeek' } as const;

/** @returns how long the current key pair stays valid after a rotation */
export function overlapText(t: Translate, overlap: string): string {
  return Object.hasOwn(texts, overlap) ? t(texts[overlap as keyof typeof texts]) : t('overlapFor', { overlap });
}

export function overlapSelect({ t }: View, { options, current }: OverlapChoice, selected = current): Html {
  return html`<select id="overlap" name="overlap" aria-describedby="overlap-help">${options.map((one) => option(one, overlapText(t, one), selected))}</select>`;
}

/** @returns why no other overlap can be selected, or an empty text */
export function overlapLimit({ t }: View, { other }: OverlapChoice): string {
  return other === undefined ? '' : t('overlapUnavailable', { pair: other });
}
