import type { Hono } from 'hono';
import { csvStream } from '../../http/inventory/csv-response.ts';
import { csvFileName, csvType } from '../../inventory/csv.ts';
import { inventoryPath } from '../pages/inventory.ts';
import { errorPage } from '../pages/layout.ts';
import { permissionToCreate } from '../visitor/key-api.ts';
import { describeMissingPermission } from '../visitor/missing-permission.ts';
import type { ConsoleDependencies, ConsoleEnvironment } from './dependencies.ts';

/** Spreadsheet programs recognize UTF-8 by this mark. */
const byteOrderMark = '\ufeff';
const permissionToList = { ...permissionToCreate, verb: 'list' };

/** The CSV file with all key pairs that the visitor may see, as in the API. */
export function addInventoryRoute(
  app: Hono<ConsoleEnvironment>,
  { inventory, takeTurn, now }: Pick<ConsoleDependencies, 'inventory' | 'takeTurn' | 'now'>,
): void {
  app.get(inventoryPath, async (context) => {
    const { user } = context.get('visitor');
    const visible = await inventory.visibleTo(user, '');
    if (!visible) {
      const view = context.get('view');
      const missing = describeMissingPermission(permissionToList, user);
      const page = { title: view.t('inventory'), text: view.t('missingPermission'), missing };
      return context.html(errorPage(view, page), 403);
    }
    await takeTurn(user.name, context.env.incoming);
    return context.body(csvStream(visible.find(''), now(), byteOrderMark), 200, {
      'Content-Type': csvType,
      'Content-Disposition': `attachment; filename="${csvFileName}"`,
    });
  });
}
