/*
 * A calendar in the language of the page, because browsers show <input type="date"> in their own language. Without a
 * script, the input of the browser stays. The value is the same: YYYY-MM-DD. Follows the date picker pattern of ARIA.
 */

const { lang } = document.documentElement;
const texts = document.body.dataset;
const formatter = (options) => new Intl.DateTimeFormat(lang, { timeZone: 'UTC', ...options });
const [monthFormat, dayFormat] = [formatter({ year: 'numeric', month: 'long' }), formatter({ dateStyle: 'full' })];
const locale = new Intl.Locale(lang);
/** 1 is Monday, 7 is Sunday. */
const { firstDay } = locale.getWeekInfo?.() ?? locale.weekInfo ?? { firstDay: 1 };

const parse = (text) => {
  const date = /^\d{4}-\d{2}-\d{2}$/.test(text) ? new Date(`${text}T00:00:00Z`) : undefined;
  return date && !Number.isNaN(date.getTime()) && format(date) === text ? date : undefined;
};
const format = (date) => date.toISOString().slice(0, 10);
const addDays = (date, days) => new Date(date.getTime() + days * 86_400_000);
/** The same day of another month, or its last day. */
const addMonths = (date, months) => {
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months + 1, 0));
  return new Date(Math.min(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, date.getUTCDate()), lastDay));
};
/** The first day of the week of a date. */
const weekOf = (date) => addDays(date, -((date.getUTCDay() + 7 - (firstDay % 7)) % 7));

function create(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Replaces an input for dates by a text input with a calendar. */
function enhance(input) {
  const { min, max } = input;
  const shown = create('p', { className: 'help' });
  const title = create('h2', { id: `${input.id}-month`, ariaLive: 'polite' });
  const weeks = create('div', {});
  const clamp = (date) => parse([min, [format(date), max].sort()[0]].sort()[1]) ?? date;
  let current;

  const step = (text, sign, months) =>
    create('button', {
      ...{ type: 'button', className: 'icon-button', ariaLabel: text, textContent: sign },
      onclick: () => show(clamp(addMonths(current, months))),
    });
  const weekdays = Array.from({ length: 7 }, (_, day) => addDays(weekOf(new Date()), day));
  const names = weekdays.map((day) =>
    create(
      'span',
      { role: 'columnheader', ariaLabel: formatter({ weekday: 'long' }).format(day) },
      formatter({ weekday: 'short' }).format(day),
    ),
  );
  const row = (...cells) => create('div', { role: 'row', className: 'week' }, ...cells);
  const grid = create('div', { role: 'grid' }, row(...names), weeks);
  grid.setAttribute('aria-labelledby', title.id);
  const dialog = create(
    'dialog',
    { className: 'calendar', ariaLabel: texts.chooseDate },
    create(
      'div',
      { className: 'calendar-head' },
      ...[step(texts.previousYear, '«', -12), step(texts.previousMonth, '‹', -1), title],
      ...[step(texts.nextMonth, '›', 1), step(texts.nextYear, '»', 12)],
    ),
    grid,
  );

  function dayButton(day) {
    const button = create('button', { type: 'button', className: 'day', textContent: day.getUTCDate() });
    button.ariaLabel = dayFormat.format(day);
    button.tabIndex = format(day) === format(current) ? 0 : -1;
    button.disabled = format(day) < min || format(day) > max;
    button.ariaPressed = String(format(day) === input.value);
    if (day.getUTCMonth() !== current.getUTCMonth()) button.classList.add('other-month');
    button.onclick = () => {
      input.value = format(day);
      input.dispatchEvent(new Event('input', { bubbles: true }));
      dialog.close();
    };
    return button;
  }

  /** Shows the month of a day. */
  function show(day, hasFocus = false) {
    current = day;
    title.textContent = monthFormat.format(day);
    const start = weekOf(new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), 1)));
    const cell = (index) => create('span', { role: 'gridcell' }, dayButton(addDays(start, index)));
    const rows = Array.from({ length: 6 }, (_, week) =>
      row(...Array.from({ length: 7 }, (_, weekday) => cell(week * 7 + weekday))),
    );
    weeks.replaceChildren(...rows);
    if (hasFocus) weeks.querySelector('[tabindex="0"]')?.focus();
  }

  const moves = {
    ArrowLeft: () => addDays(current, -1),
    ArrowRight: () => addDays(current, 1),
    ArrowUp: () => addDays(current, -7),
    ArrowDown: () => addDays(current, 7),
    Home: () => weekOf(current),
    End: () => addDays(weekOf(current), 6),
    PageUp: ({ shiftKey }) => addMonths(current, shiftKey ? -12 : -1),
    PageDown: ({ shiftKey }) => addMonths(current, shiftKey ? 12 : 1),
  };
  grid.addEventListener('keydown', (event) => {
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    show(clamp(move(event)), true);
  });
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });

  const opener = create('button', {
    ...{ type: 'button', textContent: texts.chooseDate },
    onclick() {
      dialog.showModal();
      show(clamp(parse(input.value) ?? new Date()), true);
    },
  });
  const describe = () => {
    const date = parse(input.value);
    shown.textContent = date ? dayFormat.format(date) : '';
  };
  Object.assign(input, { type: 'text', placeholder: 'YYYY-MM-DD', maxLength: 10, autocomplete: 'off' });
  input.addEventListener('input', describe);
  const field = create('div', { className: 'date-field' });
  input.replaceWith(field);
  field.append(input, opener);
  field.after(shown, dialog);
  describe();
}

for (const input of document.querySelectorAll('input[type="date"]')) enhance(input);
