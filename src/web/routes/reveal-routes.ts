import type { Hono } from 'hono';
import { isKey } from '../../credential/key-pair.ts';
import { isDnsSubdomain } from '../../kube/names.ts';
import { type Form, readForm } from '../common/form.ts';
import { RefusedError } from '../common/refused-error.ts';
import { downloadOf, formats } from '../keys/downloads.ts';
import { accessKeysPath } from './access-keys.ts';
import type { ConsoleEnvironment } from './environment.ts';
import type { Reveal } from './reveal.ts';

/** What belongs to the page on which a pair is shown: to ask for it again while it is made, and to save it. */
export function addRevealRoutes(app: Hono<ConsoleEnvironment>, reveal: Reveal): void {
  app.post(`${accessKeysPath}/reveal`, async (context) => {
    const form = await readForm(context.req);
    return reveal.showByTicket(context, form.text('ticket'));
  });

  // The pair comes from the page and goes back as a file: nothing is read for it, so it gives nothing away.
  app.post(`${accessKeysPath}/download`, async (context) => {
    const form = await readForm(context.req);
    const format = formats.find((one) => one === form.text('format'));
    if (!format) throw new RefusedError('refusedValue', {}, 400);
    const { file, type, text } = downloadOf(format, keysOf(form), {
      name: nameOf(form, 'name'),
      namespace: nameOf(form, 'namespace'),
      secret: nameOf(form, 'secret'),
    });
    context.header('Content-Type', type);
    context.header('Content-Disposition', `attachment; filename="${file}"`);
    return context.body(text);
  });
}

function keysOf(form: Form): { ak: string; sk: string } {
  const [ak = '', sk = ''] = [form.text('ak'), form.text('sk')];
  if (!isKey(ak) || !isKey(sk)) throw new RefusedError('refusedValue', {}, 400);
  return { ak, sk };
}

function nameOf(form: Form, field: string): string {
  const name = form.text(field) ?? '';
  if (!isDnsSubdomain(name)) throw new RefusedError('refusedValue', {}, 400);
  return name;
}
