/** The field managers of changes to AccessKeys that this project makes for users. */

/** Changes in the web console. */
export const consoleFieldManager = 'accesskey-operator-console';

/** Changes through the platform API. */
export const apiFieldManager = 'accesskey-operator-api';

/** Changes with `kubectl-accesskey`. */
export const cliFieldManager = 'kubectl-accesskey';
