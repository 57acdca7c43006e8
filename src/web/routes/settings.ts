import type { Hono } from 'hono';
import packageJson from '../../../package.json' with { type: 'json' };
import { settingsPage, settingsPath } from '../pages/settings.ts';
import type { ConsoleDependencies, ConsoleEnvironment } from './dependencies.ts';
import { signInWays } from './sign-in.ts';

/** The platform settings: those of the browser can be changed, the others are configured by the administrator. */
export function addSettingsRoute(app: Hono<ConsoleEnvironment>, dependencies: ConsoleDependencies): void {
  const { sessionMinutes, idleMinutes, authenticatingProxy } = dependencies.options;
  const { version } = packageJson;
  app.get(settingsPath, (context) => {
    const hasProxy = authenticatingProxy?.enabled === true;
    const page = { ways: signInWays(dependencies), hasProxy, sessionMinutes, idleMinutes, version };
    return context.html(settingsPage(context.get('view'), page));
  });
}
